"""What an instance costs the model, as measured recently."""

from typing import Final

_WEIGHT: Final = 0.25
"""Weight of the last call in the mean: after ten calls, those before count a twentieth."""


class ModelCost:
    """A running mean over the model's calls.

    Attributes:
        row_s: seconds per instance; None before the first call.
    """

    def __init__(self) -> None:
        self.row_s: float | None = None

    def count(self, *, rows: int, seconds: float) -> None:
        """Record a call in the mean."""
        row_s = seconds / rows
        self.row_s = row_s if self.row_s is None else self.row_s + _WEIGHT * (row_s - self.row_s)

    def is_below(self, row_s: float) -> bool:
        """Return whether an instance is known to cost less; false while the cost is unknown."""
        return self.row_s is not None and self.row_s < row_s
