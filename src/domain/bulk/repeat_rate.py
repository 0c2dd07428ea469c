"""How often instances come again, told from a sample of them."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from foreseen.domain.bulk.row_sample import ONE_IN
from foreseen.domain.decaying_mean import Lately
from foreseen.domain.identity.key import Key

LATELY: Final = 8192
"""Instances of the sample that are looked back on, twice as many at most: about 100,000 of all."""


class Repeats:
    """Tells what share of instances a near tier of some size would answer, without keeping a single entry.

    A cache of one sixteenth of the size, asked for one sixteenth of the keys, hits as often as the whole.

    Source:
        Waldspurger, Park, Garthwaite, Ahmad: Efficient MRC Construction with SHARDS. FAST 2015.
    """

    def __init__(self, capacity: int) -> None:
        """Take how many entries the tier would hold."""
        self._capacity = max(1, capacity // ONE_IN)
        # No plain dict: to find its first key again and again goes through all that were removed before it.
        self._last: OrderedDict[int, None] = OrderedDict()
        self._share = Lately(limit=2 * LATELY)

    def count(self, keys: Iterable[Key]) -> list[Key]:
        """Take the keys of sampled instances, in their order, and give those that would not be hits."""
        new = []
        last = self._last
        asked = 0
        for key in keys:
            asked += 1
            mark = hash(key)
            if mark in last:
                last.move_to_end(mark)
            else:
                new.append(key)
                last[mark] = None
                if len(last) > self._capacity:
                    last.popitem(last=False)
        self._share.count(asked - len(new), asked)
        return new

    @property
    def share(self) -> float:
        """The share that would be hits lately, 0 to 1."""
        return self._share.mean

    @property
    def number(self) -> float:
        """How many sampled instances that is told from."""
        return self._share.number
