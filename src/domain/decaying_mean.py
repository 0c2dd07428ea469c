"""A mean over recent values."""


class DecayingMean:
    """A mean over recent values: past the limit, the values so far count half.

    Attributes:
        number: the values behind the mean, by their weight; once past the limit, never less than half of it.
    """

    __slots__ = ("_limit", "_sum", "number")

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._sum = 0.0
        self.number = 0.0

    def count(self, sum_of_all: float, number: int) -> None:
        """Add `number` values by their sum."""
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
