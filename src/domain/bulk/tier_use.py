"""Tier use: whether a run looks up a tier and writes to it, by what that saves and costs in this run.

A file may repeat none of its many rows, and a model may be cheaper than any lookup; or each row may cost a second and
be cached since last night. Which it is becomes clear during the run.
"""

from typing import Final, Protocol

from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.decaying_mean import DecayingMean
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.payoff.key_costs import (
    RUN_L1_LOOKUP_US,
    RUN_L1_WRITE_US,
    RUN_L2_LOOKUP_US,
    RUN_L2_WRITE_US,
    MeasuredCost,
    cost_us,
)
from foreseen.domain.payoff.payoff_decision import Payoff

_HITS_LIMIT: Final = 65_536
"""Keys that the mean share of hits in L2 covers: several chunks of a file, which may differ. A service has smaller
calls, and covers fewer."""


class TierUse(Protocol):
    """Whether one tier is looked up, and whether it is written."""

    @property
    def is_looked_up(self) -> bool:
        """Whether it is looked up for every key."""

    @property
    def is_written(self) -> bool:
        """Whether computed entries are stored in it."""

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Record a lookup."""

    def count_write(self, keys: int, seconds: float) -> None:
        """Record a write."""

    def reconsider(self) -> None:
        """Decide again from what has been recorded."""

    def in_words(self) -> str:
        """Return the decision and its figures in words."""


class AlwaysUsed:
    """A tier that is always looked up and written, as the operator has configured."""

    is_looked_up: Final = True
    is_written: Final = True

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Learn nothing."""

    def count_write(self, keys: int, seconds: float) -> None:
        """Learn nothing."""

    def reconsider(self) -> None:
        """Do nothing."""

    def in_words(self) -> str:
        """Return the decision in words."""
        return "looked up for every row, as configured"


class _MeasuredUse:
    """The measured costs of a tier and of the model."""

    def __init__(self, cost: ModelCost, *, calls_at_once: int, lookup_us: float, write_us: float) -> None:
        self._cost = cost
        self._calls_at_once = calls_at_once
        self._lookup = MeasuredCost(lookup_us)
        self._write = MeasuredCost(write_us)
        self._lookups = self._writes = Payoff()

    @property
    def is_looked_up(self) -> bool:
        """Whether it is looked up for every key."""
        return self._lookups.pays

    @property
    def is_written(self) -> bool:
        """Whether computed entries are stored in it."""
        return self._writes.pays

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:  # noqa: ARG002
        """Record a lookup."""
        self._lookup.count(keys, seconds)

    def count_write(self, keys: int, seconds: float) -> None:
        """Record a write."""
        self._write.count(keys, seconds)

    @property
    def _model_us(self) -> float | None:
        """Cost of a row for the run, µs: concurrent calls share the time; None until it is known."""
        return None if self._cost.row_s is None else self._cost.row_s * 1e6 / self._calls_at_once


class L1Use(_MeasuredUse):
    """L1: looked up and written, by one decision, while repeated rows save more than all keys cost."""

    def __init__(self, cost: ModelCost, repeats: Repeats, *, calls_at_once: int) -> None:
        super().__init__(cost, calls_at_once=calls_at_once, lookup_us=RUN_L1_LOOKUP_US, write_us=RUN_L1_WRITE_US)
        self._repeats = repeats

    def reconsider(self) -> None:
        """Compare savings with costs."""
        if self._model_us is not None:
            self._lookups.decide(saved_us=self._repeats.share * self._model_us, spent_us=self._spent_us)

    def in_words(self) -> str:
        """Return the decision and its figures in words."""
        if self._model_us is None:
            return "looked up for every row"
        doing = "looked up" if self.is_looked_up else "left out"
        share = self._repeats.share
        return f"{doing}: {share:.1%} of rows repeat, {_against(share * self._model_us, self._spent_us)}"

    @property
    def _spent_us(self) -> float:
        return cost_us(self._lookup, self._write, self._repeats.share)


class L2Use(_MeasuredUse):
    """L2: looked up while it hits often enough, and written while that pays if each entry is looked up once.

    These are two decisions, where a service makes one: what a run writes may be found by a service or the next run.
    """

    def __init__(self, cost: ModelCost, *, calls_at_once: int) -> None:
        super().__init__(cost, calls_at_once=calls_at_once, lookup_us=RUN_L2_LOOKUP_US, write_us=RUN_L2_WRITE_US)
        self._hits = DecayingMean(limit=_HITS_LIMIT)
        self._writes = Payoff()

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Record a lookup, also of a sample."""
        super().count_lookup(keys, hits, seconds)
        self._hits.count(hits, keys)

    def reconsider(self) -> None:
        """Compare savings with costs."""
        if self._model_us is not None:
            self._lookups.decide(saved_us=self._hits.mean * self._model_us, spent_us=self._lookup.us)
            self._writes.decide(saved_us=self._model_us, spent_us=self._lookup.us + self._write.us)

    def in_words(self) -> str:
        """Return the decision and its figures in words."""
        if self._model_us is None:
            return "looked up for every row"
        lookups = "looked up" if self.is_looked_up else "left out"
        writes = "written" if self.is_written else "not written"
        against = _against(self._hits.mean * self._model_us, self._lookup.us)
        return f"{lookups} and {writes}: {self._hits.mean:.1%} of lookups hit, {against}"


def _against(saved_us: float, spent_us: float) -> str:
    return f"which saves {saved_us:.1f} µs a row and costs {spent_us:.1f}"
