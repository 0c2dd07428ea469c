"""Payoff: whether lookups in and writes to a tier cost less than the model, as measured in this run.

A file may repeat none of its many rows, and a model may be cheaper than any lookup; or each row may cost a second and
be cached since last night. Which it is shows during the run.
"""

from typing import Final, Protocol

from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.decaying_mean import Lately
from foreseen.domain.model.model_cost import ModelCost

LOOKUP_US: Final = 1.5
FILL_US: Final = 5.0
FAR_LOOKUP_US: Final = 8.0
FAR_FILL_US: Final = 10.0
"""Assumed cost of a key until it is measured, µs: to make and look up, and to store; in L1 and in L2.

Source:
    docs/benchmarks.md, "Files".
"""

MARGIN: Final = 1.25
"""Hysteresis: a tier that did not pay must save this multiple of its cost before it is looked up again."""

_MEASURED: Final = 65_536


class Payoff(Protocol):
    """Whether one tier is looked up, and whether it is written."""

    @property
    def asks(self) -> bool:
        """Whether it is looked up for every key."""

    @property
    def fills(self) -> bool:
        """Whether computed entries are stored in it."""

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Record a lookup."""

    def count_fill(self, keys: int, seconds: float) -> None:
        """Record a write."""

    def reconsider(self) -> None:
        """Decide again from what has been recorded."""

    def in_words(self) -> str:
        """Return the decision and its figures in words."""


class Always:
    """A tier that is always looked up and written, as the operator has configured."""

    asks: Final = True
    fills: Final = True

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Learn nothing."""

    def count_fill(self, keys: int, seconds: float) -> None:
        """Learn nothing."""

    def reconsider(self) -> None:
        """Do nothing."""

    def in_words(self) -> str:
        """Return the decision in words."""
        return "looked up for every row, as configured"


class _Measured:
    """The measured costs of a tier and of the model."""

    def __init__(self, cost: ModelCost, *, calls_at_once: int, lookup_us: float, fill_us: float) -> None:
        self.asks = True
        self.fills = True
        self._cost = cost
        self._calls_at_once = calls_at_once
        self._lookup_us = _Prior(lookup_us)
        self._fill_us = _Prior(fill_us)

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:  # noqa: ARG002
        self._lookup_us.count(seconds * 1e6, keys)

    def count_fill(self, keys: int, seconds: float) -> None:
        self._fill_us.count(seconds * 1e6, keys)

    @property
    def model_us(self) -> float | None:
        """Cost of a row for the run, µs: concurrent calls share the time; None until it is known."""
        return None if self._cost.row_s is None else self._cost.row_s * 1e6 / self._calls_at_once


class NearPays(_Measured):
    """L1: looked up and written while repeated rows save more than all keys cost."""

    def __init__(self, cost: ModelCost, repeats: Repeats, *, calls_at_once: int) -> None:
        super().__init__(cost, calls_at_once=calls_at_once, lookup_us=LOOKUP_US, fill_us=FILL_US)
        self._repeats = repeats

    def reconsider(self) -> None:
        """Compare savings with costs."""
        if self.model_us is not None:
            margin = 1.0 if self.asks else MARGIN
            self.asks = self.fills = self._saved_us(self.model_us) > margin * self._spent_us

    def in_words(self) -> str:
        """Return the decision and its figures in words."""
        if self.model_us is None:
            return "looked up for every row"
        doing = "looked up" if self.asks else "left out"
        share = self._repeats.share
        return f"{doing}: {share:.1%} of rows repeat, {_against(self._saved_us(self.model_us), self._spent_us)}"

    def _saved_us(self, model_us: float) -> float:
        return self._repeats.share * model_us

    @property
    def _spent_us(self) -> float:
        return self._lookup_us.mean + (1 - self._repeats.share) * self._fill_us.mean


class FarPays(_Measured):
    """L2: looked up while it hits often enough, and written while that pays if each entry is looked up once."""

    def __init__(self, cost: ModelCost, *, calls_at_once: int) -> None:
        super().__init__(cost, calls_at_once=calls_at_once, lookup_us=FAR_LOOKUP_US, fill_us=FAR_FILL_US)
        self._hits = Lately(limit=_MEASURED)

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Record a lookup, also of a sample."""
        super().count_lookup(keys, hits, seconds)
        self._hits.count(hits, keys)

    def reconsider(self) -> None:
        """Compare savings with costs."""
        if self.model_us is None:
            return
        to_ask, to_fill = (1.0 if is_so else MARGIN for is_so in (self.asks, self.fills))
        self.asks = self._hits.mean * self.model_us > to_ask * self._lookup_us.mean
        self.fills = self.model_us > to_fill * (self._lookup_us.mean + self._fill_us.mean)

    def in_words(self) -> str:
        """Return the decision and its figures in words."""
        if self.model_us is None:
            return "looked up for every row"
        doing = " and ".join(
            [
                "looked up" if self.asks else "left out",
                "written" if self.fills else "not written",
            ]
        )
        against = _against(self._hits.mean * self.model_us, self._lookup_us.mean)
        return f"{doing}: {self._hits.mean:.1%} of lookups hit, {against}"


class _Prior(Lately):
    """A mean that starts from an assumed value."""

    def __init__(self, mean: float) -> None:
        super().__init__(limit=_MEASURED)
        self.count(mean * 64, 64)


def _against(saved_us: float, spent_us: float) -> str:
    return f"which saves {saved_us:.1f} µs a row and costs {spent_us:.1f}"
