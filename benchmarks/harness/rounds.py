"""Contenders in turn, several times over, so that what else the machine does meets all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Generic, TypeVar

Measured = TypeVar("Measured")


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the rounds, the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Sum up the rounds."""
        return cls(median(values), min(values), max(values))

    def times(self, factor: float) -> "Spread":
        """Scale all three."""
        return Spread(self.median * factor, self.least * factor, self.most * factor)


@dataclass(frozen=True, slots=True)
class Rounds(Generic[Measured]):
    """What was measured of each contender, a value a round."""

    of: Mapping[str, Sequence[Measured]]

    def spread(self, name: str, value: Callable[[Measured], float]) -> Spread:
        """Sum up a value of one contender."""
        return Spread.of([value(measured) for measured in self.of[name]])

    def ratio(self, name: str, to: str, value: Callable[[Measured], float]) -> Spread:
        """Sum up the ratios of a value of two contenders, each taken within a round."""
        pairs = zip(self.of[name], self.of[to], strict=True)
        return Spread.of([value(mine) / value(theirs) for mine, theirs in pairs])


def in_turn(contenders: Mapping[str, Callable[[], Measured]], rounds: int) -> Rounds[Measured]:
    """Measure each contender once a round."""
    measured: dict[str, list[Measured]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, measure in contenders.items():
            measured[name].append(measure())
    return Rounds(measured)
