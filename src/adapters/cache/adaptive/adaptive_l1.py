"""AdaptiveL1: stores every prediction while enough of them are found again, otherwise one in seventeen."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from foreseen.domain.decaying_mean import DecayingMean
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.payoff.key_costs import SERVICE_L1_HIT_US, SERVICE_L1_WRITE_US
from foreseen.domain.payoff.payoff_decision import FIRST_KEYS, LEAST_SHARE, Payoff
from foreseen.domain.ports import LocalCache
from foreseen.domain.running_median import RunningMedian

log = logging.getLogger(__name__)

ONE_IN: Final = 17
"""One prediction in 17 is a probe: it is stored even while storing does not pay.

A prime: otherwise the probe of requests of a constant size would always be the instance at the same position.
"""

FIRST_PROBES: Final = 32
"""Probes that are stored before storing may pay again."""

JUDGED_EVERY: Final = 64
PROBES_JUDGED_EVERY: Final = 8
"""Predictions or probes that are stored between two decisions: deciding each time would cost as much as storing.

Sooner if a probe was found.
"""

LOGGED_EVERY_S: Final = 60.0


class CountingL1(LocalCache, Protocol):
    """An L1 that counts which entries are found again.

    Attributes:
        found_again: entries that were found at least once, since the start.
        probes_found: those of them that were stored by `put_probes`.
    """

    found_again: int
    probes_found: int

    def put_probes(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries as `put_many` does."""

    def replace(self, entries: Mapping[Key, Entry]) -> None:
        """Store those entries whose keys are held already."""


class AdaptiveL1:
    """An L1 that stores only probes while storing a prediction costs more than it saves.

    Every key is still looked up: a lookup costs a tenth of a microsecond, and entries stored before can be found.
    """

    def __init__(self, inner: CountingL1, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Accept a clock in seconds, which limits how often a change is logged."""
        self.payoff: Final = Payoff()
        # Bound once, since every hit uses it.
        self.peek: Final = inner.peek
        self._inner = inner
        self._clock = clock
        self._model_us = RunningMedian()
        self._reuse = DecayingMean(limit=2 * FIRST_KEYS)
        self._probe_reuse = DecayingMean(limit=4 * FIRST_PROBES)
        self._found, self._probes_found = inner.found_again, inner.probes_found
        self._stored = 0
        self._until_probe = ONE_IN
        self._logged = True
        self._logged_at = float("-inf")

    @property
    def store_share(self) -> float:
        """The share of computed predictions that are stored now."""
        return 1.0 if self.payoff.pays else 1 / ONE_IN

    @property
    def keeps(self) -> bool:
        """Whether every prediction is kept; false while only probes are."""
        return self.payoff.pays

    @property
    def entries(self) -> int:
        """Number of entries."""
        return self._inner.entries

    @property
    def size_bytes(self) -> int:
        """Estimated memory of the entries, in bytes."""
        return self._inner.size_bytes

    def clear(self) -> int:
        """Remove every entry; return how many there were."""
        return self._inner.clear()

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Return the entries that the inner L1 has."""
        return await self._inner.get_many(keys)

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries if that pays; otherwise only probes, and entries whose keys are held already."""
        if not entries:
            return
        # All have the same cost: entries stored together were computed in one call, and share its cost.
        self._model_us.count(next(iter(entries.values())).cost_us)
        if self.payoff.pays:
            await self._inner.put_many(entries)
            self._stored += len(entries)
            if self._stored >= JUDGED_EVERY:
                self._judge_all()
        else:
            self._store_few(entries)

    def judge_again(self) -> None:
        """Forget what was measured, since the model was replaced: every prediction is stored at first."""
        self.payoff.pays = True
        self._model_us.clear()
        self._begin()

    def _store_few(self, entries: Mapping[Key, Entry]) -> None:
        # A request that bypassed the cache may have computed what is held: the next request gets the newer entry.
        self._inner.replace(entries)
        picked = list(entries)[self._until_probe - 1 :: ONE_IN]
        if not picked:
            self._until_probe -= len(entries)
            return
        self._until_probe = ONE_IN - (len(entries) - self._until_probe) % ONE_IN
        self._inner.put_probes({key: entries[key] for key in picked})
        self._stored += len(picked)
        if self._stored >= PROBES_JUDGED_EVERY or self._inner.probes_found > self._probes_found:
            self._judge_probes()

    def _judge_all(self) -> None:
        found, self._found = self._inner.found_again - self._found, self._inner.found_again
        self._reuse.count(found, self._stored)
        self._stored = 0
        self._judge(self._reuse, FIRST_KEYS)

    def _judge_probes(self) -> None:
        found, self._probes_found = self._inner.probes_found - self._probes_found, self._inner.probes_found
        self._probe_reuse.count(found, self._stored)
        self._stored = 0
        self._judge(self._probe_reuse, FIRST_PROBES)

    def _judge(self, reuse: DecayingMean, least: int) -> None:
        share, model_us = reuse.mean, self._model_us.value or 0.0
        saved_us = max(share * (SERVICE_L1_HIT_US + model_us), LEAST_SHARE * model_us)
        if reuse.number >= least and self.payoff.decide(saved_us=saved_us, spent_us=SERVICE_L1_WRITE_US):
            self._begin()
        if self.payoff.pays != self._logged:
            self._log(share, saved_us)

    def _begin(self) -> None:
        """Forget what was found before a change, since entries are chosen differently from then on."""
        self._reuse.clear()
        self._probe_reuse.clear()
        self._found, self._probes_found = self._inner.found_again, self._inner.probes_found
        self._stored = 0
        self._until_probe = ONE_IN

    def _log(self, share: float, saved_us: float) -> None:
        """Log the change, at most once a minute; a change that came too soon is logged later if it still holds."""
        if self._clock() - self._logged_at < LOGGED_EVERY_S:
            return
        self._logged, self._logged_at = self.payoff.pays, self._clock()
        doing = "every prediction again" if self._logged else f"one prediction in {ONE_IN} only"
        log.info(
            "L1 stores %s: %.1f%% of those stored were found again, which saves %.1f µs each, and storing costs %.1f",
            doing,
            100 * share,
            saved_us,
            SERVICE_L1_WRITE_US,
        )
