"""Means over what was counted lately."""


class Lately:
    """A mean over what was counted lately: when the limit is passed, what was counted so far weighs half.

    Attributes:
        number: how many are counted, half ones too; from the first time on never less than half of the limit.
    """

    __slots__ = ("_limit", "_sum", "number")

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._sum = 0.0
        self.number = 0.0

    def count(self, sum_of_all: float, number: int) -> None:
        """Add `number` values, by their sum, to the mean; past the limit, older weight is halved."""
        self._sum += sum_of_all
        self.number += number
        while self.number > self._limit:
            self._sum /= 2
            self.number /= 2

    @property
    def mean(self) -> float:
        """The mean; 0 before the first value."""
        return self._sum / self.number if self.number else 0.0

    def clear(self) -> None:
        """Forget all values."""
        self._sum = self.number = 0.0
