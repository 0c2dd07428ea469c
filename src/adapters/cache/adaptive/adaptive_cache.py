"""AdaptiveCache: L2 is looked up for every key while that saves time, and for a sample of keys while it does not."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final, Protocol, Self

from foreseen.adapters.cache.adaptive.sampled_keys import ONE_IN, Sample, sampled
from foreseen.domain.decaying_mean import DecayingMean
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.payoff.key_costs import SERVICE_CALL_US, SERVICE_LOOKUP_US, SERVICE_WRITE_US, CallCost, cost_us
from foreseen.domain.payoff.payoff_decision import FIRST_KEYS, LEAST_SHARE, Payoff
from foreseen.domain.ports import Cache

log = logging.getLogger(__name__)

FIRST_SAMPLED: Final = FIRST_KEYS // ONE_IN
"""Keys of the sample that are looked up before lookups may pay again."""

_COSTS_LIMIT: Final = 4096
"""Number of entries in the mean of their model cost."""

LOGGED_EVERY_S: Final = 60.0


class GuardedTier(Cache, AbstractAsyncContextManager[object], Protocol):
    """A Cache that may be disabled; it then finds nothing and costs nothing."""

    @property
    def is_in_use(self) -> bool:
        """Whether it is in use."""


class AdaptiveCache:
    """A Cache around a guarded L2 that misses every key at once while lookups cost more than the model.

    A sample of keys is still looked up and written, and shows when lookups pay again.
    """

    def __init__(self, inner: GuardedTier, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Accept a clock in seconds, which limits how often a change is logged."""
        self._inner = inner
        self._clock = clock
        self.payoff = Payoff()
        self._lookup = CallCost(SERVICE_CALL_US, SERVICE_LOOKUP_US)
        self._write = CallCost(SERVICE_CALL_US, SERVICE_WRITE_US)
        self._model_us = DecayingMean(limit=_COSTS_LIMIT)
        self._hits = DecayingMean(limit=2 * FIRST_KEYS)
        self._sample_hits = DecayingMean(limit=4 * FIRST_SAMPLED)
        self._sample = Sample(inner, self._learn_aside)
        self._logged = True
        self._logged_at = float("-inf")

    @property
    def looks_up_all(self) -> bool:
        """Whether every key is looked up and written now."""
        return self.payoff.pays

    @property
    def lookup_share(self) -> float:
        """The share of keys that are looked up and written now."""
        return 1.0 if self.payoff.pays else 1 / ONE_IN

    async def __aenter__(self) -> Self:
        """Open the tier."""
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the scheduled entries of the sample, and close the tier."""
        try:
            await self._sample.close()
        finally:
            await self._inner.__aexit__(kind, exc, trace)

    @property
    def keeps(self) -> bool:
        """Whether every key is kept; false while only the sample is."""
        return self.payoff.pays and self._inner.keeps

    def judge_again(self) -> None:
        """Forget what was learnt, as of a model that is replaced: every key is looked up and written at first."""
        self.payoff.pays = True
        for mean in (self._model_us, self._hits, self._sample_hits):
            mean.clear()
        self._sample.forget()

    def peek(self, key: Key) -> Entry | None:
        """Peek at the inner cache."""
        return self._inner.peek(key)

    def bypasses(self, keys: Sequence[Key]) -> bool:
        """Return whether keys are missed without waiting, since looking them up does not pay; samples them if so."""
        if self.payoff.pays:
            return False
        self._lookup.count(len(keys))
        self._sample.look_up(keys)
        return True

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up keys if that pays; otherwise miss them without waiting."""
        if self.bypasses(keys):
            return {}
        self._lookup.count(len(keys))
        found = await self._inner.get_many(keys)
        if self._inner.is_in_use:
            self._hits.count(len(found), len(keys))
            self._learn(sampled(keys), found)
            self._judge(found)
        return found

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries if that pays; otherwise schedule those of the sample."""
        if entries:
            # Entries stored together were computed in one call, and share its cost equally.
            one = next(iter(entries.values()))
            self._model_us.count(one.cost_us * len(entries), len(entries))
            self._write.count(len(entries))
        if self.payoff.pays:
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
        self._model_us.count(sum(entry.cost_us for entry in found.values()), len(found))
        share = self._hit_share
        if self._knows_enough and self.payoff.decide(
            saved_us=max(share, LEAST_SHARE) * self._model_us.mean, spent_us=cost_us(self._lookup, self._write, share)
        ):
            self._begin_again()
        if self.payoff.pays != self._logged:
            self._log(share)

    @property
    def _hit_share(self) -> float:
        """The share of hits; while only the sample is written, only the sample shows it."""
        return max(self._hits.mean, self._sample_hits.mean) if self.payoff.pays else self._sample_hits.mean

    @property
    def _knows_enough(self) -> bool:
        if not self._model_us.number:
            return False
        return self._hits.number >= FIRST_KEYS if self.payoff.pays else self._sample_hits.number >= FIRST_SAMPLED

    def _begin_again(self) -> None:
        """Forget hits from before a change, since other keys are looked up from then on."""
        if self.payoff.pays:
            self._hits.clear()
            self._sample.forget()
        else:
            self._sample_hits.clear()

    def _log(self, hit_share: float) -> None:
        """Log the change, at most once a minute; a change that came too soon is logged later if it still holds."""
        if self._clock() - self._logged_at < LOGGED_EVERY_S:
            return
        self._logged, self._logged_at = self.payoff.pays, self._clock()
        doing = "is looked up for every key again" if self._logged else f"is looked up for one key in {ONE_IN} only"
        log.info(
            "the shared cache %s: of lookups %.1f%% hit, a hit saves %.0f µs of the model, "
            "a lookup costs %.0f µs a key and a write %.0f",
            doing,
            100 * hit_share,
            self._model_us.mean,
            self._lookup.us,
            self._write.us,
        )
