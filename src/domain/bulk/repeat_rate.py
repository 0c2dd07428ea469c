"""The share of instances that repeat, estimated from a sample."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from foreseen.domain.bulk.row_sample import ONE_IN
from foreseen.domain.decaying_mean import DecayingMean
from foreseen.domain.identity.key import Key

COVERED: Final = 8192
"""Sampled instances that the estimate covers, up to twice as many: about 100,000 instances in all."""


class Repeats:
    """Estimates the hit rate of an L1 of some size, without storing an entry.

    A cache of one sixteenth of the size, with lookups of one sixteenth of the keys, has the hit rate of the whole.

    Source:
        Waldspurger, Park, Garthwaite, Ahmad: Efficient MRC Construction with SHARDS. FAST 2015.
    """

    def __init__(self, capacity: int) -> None:
        """Accept the number of entries that the tier would hold."""
        self._capacity = max(1, capacity // ONE_IN)
        # Not a plain dict: finding its first key again and again scans all those removed before it.
        self._last: OrderedDict[int, None] = OrderedDict()
        self._share = DecayingMean(limit=2 * COVERED)

    def count(self, keys: Iterable[Key]) -> list[Key]:
        """Record the keys of sampled instances, in their order, and return those that would be misses."""
        new = []
        last = self._last
        count = 0
        for key in keys:
            count += 1
            mark = hash(key)
            if mark in last:
                last.move_to_end(mark)
            else:
                new.append(key)
                last[mark] = None
                if len(last) > self._capacity:
                    last.popitem(last=False)
        self._share.count(count - len(new), count)
        return new

    @property
    def share(self) -> float:
        """The recent share of hits, 0 to 1."""
        return self._share.mean

    @property
    def number(self) -> float:
        """Number of sampled instances behind the estimate."""
        return self._share.number
