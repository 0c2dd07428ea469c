"""WorthwhileCache: L2 is looked up for every key while that saves time, and for a sample of keys while it does not."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol, Self

from foreseen.adapters.cache.adaptive.lookup_payoff import Worth
from foreseen.adapters.cache.adaptive.sampled_keys import ONE_IN, Sample, sampled
from foreseen.domain.decaying_mean import Lately
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Cache

log = logging.getLogger(__name__)

FIRST_KEYS: Final = 2_000
FIRST_SAMPLED: Final = 64
"""Keys looked up before lookups may be judged not to pay, and keys of the sample before they may pay again."""

MARGIN: Final = 1.25
"""Hysteresis: L2 must save this multiple of its cost before every key is looked up again."""

LOGGED_EVERY_S: Final = 60.0


class GuardedTier(Cache, AbstractAsyncContextManager[Any], Protocol):
    """A Cache that may be disabled; it then finds nothing and costs nothing."""

    @property
    def is_in_use(self) -> bool:
        """Whether it is in use."""


class WorthwhileCache:
    """A Cache around a guarded L2 that misses every key at once while lookups cost more than the model.

    A sample of keys is still looked up and written, and shows when lookups pay again.

    Attributes:
        asks_all: whether every key is looked up and written now.
    """

    def __init__(self, inner: GuardedTier, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Accept a clock in seconds, which limits how often a change is logged."""
        self.asks_all = True
        self._inner = inner
        self._clock = clock
        self._worth = Worth()
        self._hits = Lately(limit=2 * FIRST_KEYS)
        self._sample_hits = Lately(limit=4 * FIRST_SAMPLED)
        self._sample = Sample(inner, self._learn_aside)
        self._logged = True
        self._logged_at = float("-inf")

    @property
    def asked_share(self) -> float:
        """The share of keys that are looked up and written now."""
        return 1.0 if self.asks_all else 1 / ONE_IN

    async def __aenter__(self) -> Self:
        """Open the tier."""
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> None:
        """Write what waits of the sample, and close the tier."""
        try:
            await self._sample.close()
        finally:
            await self._inner.__aexit__(*exc)

    @property
    def keeps(self) -> bool:
        """Whether every key is kept; false while only the sample is."""
        return self.asks_all and self._inner.keeps

    def peek(self, key: Key) -> Entry | None:
        """As the inner one."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up keys where that pays; where it does not, miss them without waiting."""
        self._worth.lookup_keys.count(len(keys), 1)
        if not self.asks_all:
            self._sample.ask(keys)
            return {}
        found = await self._inner.get_many(keys)
        if self._inner.is_in_use:
            self._hits.count(len(found), len(keys))
            self._learn(sampled(keys), found)
            self._judge(found)
        return found

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries where that pays."""
        if entries:
            # The cost of one is that of all: entries stored together were computed in one call, and share its cost.
            one = next(iter(entries.values()))
            self._worth.saved_us.count(one.cost_us * len(entries), len(entries))
            self._worth.write_keys.count(len(entries), 1)
        if self.asks_all:
            await self._inner.put_many(entries)
        else:
            self._sample.keep(entries)

    def _learn_aside(self, sample: Sequence[Key], found: Mapping[Key, Entry]) -> None:
        if self._inner.is_in_use:
            self._learn(sample, found)
            self._judge(found)

    def _learn(self, sample: Sequence[Key], found: Mapping[Key, Entry]) -> None:
        self._sample_hits.count(sum(key in found for key in sample), len(sample))

    def _judge(self, found: Mapping[Key, Entry]) -> None:
        self._worth.saved_us.count(sum(entry.cost_us for entry in found.values()), len(found))
        # Keys that are looked up again have yet to be written: until then only the sample shows the share of hits.
        share = max(self._hits.mean, self._sample_hits.mean) if self.asks_all else self._sample_hits.mean
        ratio = self._worth.ratio(share)
        if self.asks_all and self._hits.number >= FIRST_KEYS and ratio < 1:
            self.asks_all = False
            self._sample_hits.clear()
        elif not self.asks_all and self._sample_hits.number >= FIRST_SAMPLED and ratio > MARGIN:
            self.asks_all = True
            self._hits.clear()
            self._sample.forget()
        if self.asks_all != self._logged:
            self._log(share)

    def _log(self, hit_share: float) -> None:
        """Log the change, at most once a minute; a change that came too soon is logged later if it still holds."""
        if self._clock() - self._logged_at < LOGGED_EVERY_S:
            return
        self._logged, self._logged_at = self.asks_all, self._clock()
        doing = "is looked up for every key again" if self.asks_all else f"is looked up for one key in {ONE_IN} only"
        log.info("the shared cache %s: %s", doing, self._worth.figures(hit_share))
