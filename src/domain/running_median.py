"""RunningMedian: an estimate of the median of recent values."""

from typing import Final

_STEP: Final = 1.05
"""Factor by which each value moves the median: it doubles within fifteen values, and varies by about 5 %."""

_LEAST: Final = 1.0


class RunningMedian:
    """Follows the median of positive values; outliers move it no more than other values.

    It suits times by the clock, some of which include other work of the machine.

    Attributes:
        value: the median, at least 1; None before the first value.

    Source:
        Ma, Muthukrishnan and Sandler, "Frugal Streaming for Estimating Quantiles", 2013.
    """

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float | None = None

    def count(self, value: float) -> None:
        """Add a value."""
        if self.value is None:
            self.value = max(value, _LEAST)
        else:
            self.value = max(self.value * _STEP if value > self.value else self.value / _STEP, _LEAST)

    def clear(self) -> None:
        """Forget all values."""
        self.value = None
