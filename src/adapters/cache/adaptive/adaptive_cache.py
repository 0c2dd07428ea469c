"""WorthwhileCache: a far tier is asked where that costs less than the model does; where it does not, it steps aside."""

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
"""Keys looked up before asking is found not to pay, and those of the sample before it is found to pay again."""

MARGIN: Final = 1.25
"""How much more than its cost must be saved for every key to be asked for again."""

TOLD_EVERY_S: Final = 60.0


class GuardedTier(Cache, AbstractAsyncContextManager[Any], Protocol):
    """A Cache that may be disabled: it finds nothing then, and costs nothing."""

    @property
    def is_in_use(self) -> bool:
        """Whether it is in use."""


class WorthwhileCache:
    """A Cache around a guarded far tier that misses every key at once while asking for it costs more than the model.

    Meanwhile a sample of keys is looked up and written all the same, and tells when asking pays again.

    Attributes:
        asks_all: whether every key is looked up and written now.
    """

    def __init__(self, inner: GuardedTier, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Take a clock in seconds, for what is logged."""
        self.asks_all = True
        self._inner = inner
        self._clock = clock
        self._worth = Worth()
        self._hits = Lately(limit=2 * FIRST_KEYS)
        self._sample_hits = Lately(limit=4 * FIRST_SAMPLED)
        self._sample = Sample(inner, self._learn_aside)
        self._told = True
        self._told_at = float("-inf")

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
        """Whether every key is kept; of one in the sample, which is kept as well, that is not said."""
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
            # One tells for all: what comes together was computed together, and each took its part of it.
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
        # What is asked for again has yet to be written: until it is, the sample alone knows how often it will be hit.
        share = max(self._hits.mean, self._sample_hits.mean) if self.asks_all else self._sample_hits.mean
        ratio = self._worth.ratio(share)
        if self.asks_all and self._hits.number >= FIRST_KEYS and ratio < 1:
            self.asks_all = False
            self._sample_hits.clear()
        elif not self.asks_all and self._sample_hits.number >= FIRST_SAMPLED and ratio > MARGIN:
            self.asks_all = True
            self._hits.clear()
            self._sample.forget()
        if self.asks_all != self._told:
            self._tell(share)

    def _tell(self, hit_share: float) -> None:
        """Log what is so now, unless something else was told within a minute: then later, where it is still so."""
        if self._clock() - self._told_at < TOLD_EVERY_S:
            return
        self._told, self._told_at = self.asks_all, self._clock()
        doing = "is asked for every key again" if self.asks_all else f"is asked for one key in {ONE_IN} only"
        log.info("the shared cache %s: %s", doing, self._worth.told(hit_share))
