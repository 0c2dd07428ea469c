"""Payoff: whether asking and filling a tier costs less than the model, as measured in this run.

A file of many rows may repeat none of them, and a model may be cheaper than any lookup; or each row may cost a second
and be known since last night. Which it is shows as the run goes on.
"""

from typing import Final, Protocol

from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.decaying_mean import Lately
from foreseen.domain.model.model_cost import ModelCost

LOOKUP_US: Final = 1.5
FILL_US: Final = 5.0
FAR_LOOKUP_US: Final = 8.0
FAR_FILL_US: Final = 10.0
"""What a key costs until it has been measured, µs: to be made and looked up, and to be stored; near and far.

Source:
    docs/benchmarks.md, "Files".
"""

MARGIN: Final = 1.25
"""How much more than its cost must be saved for a tier to be asked again that did not pay."""

_MEASURED: Final = 65_536


class Payoff(Protocol):
    """Whether one tier is asked, and whether it is filled."""

    @property
    def asks(self) -> bool:
        """Whether it is looked into for every key."""

    @property
    def fills(self) -> bool:
        """Whether what the model answers is stored in it."""

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Take a lookup into account."""

    def count_fill(self, keys: int, seconds: float) -> None:
        """Take a write into account."""

    def reconsider(self) -> None:
        """Decide anew."""

    def told(self) -> str:
        """Say in words what was decided, and from what."""


class Always:
    """A tier that is asked and filled whatever it costs: the operator said so."""

    asks: Final = True
    fills: Final = True

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Learn nothing."""

    def count_fill(self, keys: int, seconds: float) -> None:
        """Learn nothing."""

    def reconsider(self) -> None:
        """Stay as it is."""

    def told(self) -> str:
        """Say so."""
        return "asked for every row, as it was told"


class _Measured:
    """What a tier costs and what the model costs, and from these what pays."""

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
        """What a row costs the run: as many calls as run side by side share the time."""
        return None if self._cost.row_s is None else self._cost.row_s * 1e6 / self._calls_at_once


class NearPays(_Measured):
    """A tier in this process: asked and filled while what repeats saves more than all keys cost."""

    def __init__(self, cost: ModelCost, repeats: Repeats, *, calls_at_once: int) -> None:
        super().__init__(cost, calls_at_once=calls_at_once, lookup_us=LOOKUP_US, fill_us=FILL_US)
        self._repeats = repeats

    def reconsider(self) -> None:
        """Compare."""
        if self.model_us is not None:
            margin = 1.0 if self.asks else MARGIN
            self.asks = self.fills = self._saved_us(self.model_us) > margin * self._spent_us

    def told(self) -> str:
        """Give the figures."""
        if self.model_us is None:
            return "asked for every row"
        doing = "asked" if self.asks else "left out"
        share = self._repeats.share
        return f"{doing}: {share:.1%} of rows repeat, {_against(self._saved_us(self.model_us), self._spent_us)}"

    def _saved_us(self, model_us: float) -> float:
        return self._repeats.share * model_us

    @property
    def _spent_us(self) -> float:
        return self._lookup_us.mean + (1 - self._repeats.share) * self._fill_us.mean


class FarPays(_Measured):
    """A shared tier: asked where it answers often enough, filled where it pays if each entry is asked for once."""

    def __init__(self, cost: ModelCost, *, calls_at_once: int) -> None:
        super().__init__(cost, calls_at_once=calls_at_once, lookup_us=FAR_LOOKUP_US, fill_us=FAR_FILL_US)
        self._hits = Lately(limit=_MEASURED)

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Take a lookup into account, also of a sample."""
        super().count_lookup(keys, hits, seconds)
        self._hits.count(hits, keys)

    def reconsider(self) -> None:
        """Compare."""
        if self.model_us is None:
            return
        asked, filled = (1.0 if is_so else MARGIN for is_so in (self.asks, self.fills))
        self.asks = self._hits.mean * self.model_us > asked * self._lookup_us.mean
        self.fills = self.model_us > filled * (self._lookup_us.mean + self._fill_us.mean)

    def told(self) -> str:
        """Give the figures."""
        if self.model_us is None:
            return "asked for every row"
        doing = " and ".join(
            [
                "asked" if self.asks else "left out",
                "filled" if self.fills else "not filled",
            ]
        )
        against = _against(self._hits.mean * self.model_us, self._lookup_us.mean)
        return f"{doing}: {self._hits.mean:.1%} of what was looked up was there, {against}"


class _Prior(Lately):
    """A mean that begins with what is known from elsewhere."""

    def __init__(self, mean: float) -> None:
        super().__init__(limit=_MEASURED)
        self.count(mean * 64, 64)


def _against(saved_us: float, spent_us: float) -> str:
    return f"which saves {saved_us:.1f} µs a row and costs {spent_us:.1f}"
