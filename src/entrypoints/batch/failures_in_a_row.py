"""Consecutive failures: with too many of them, the fault lies with the model or the file rather than the rows."""

from dataclasses import dataclass
from typing import Final

from foreseen.domain.errors import PredictionError

IN_A_ROW: Final = 1_000
"""Number of consecutive failed rows that ends a run, unless `--max-rejects` allows more."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A row on which the model failed.

    Attributes:
        place: its file and line.
        reason: the model's error.
        is_rejection: whether the model rejected its values, as opposed to failing otherwise.
    """

    place: str
    reason: str
    is_rejection: bool


class FailuresInARow:
    """Counts consecutive rows on which the model fails, and ends a run at too many.

    In a sorted file a model may rightly reject thousands of consecutive rows, so rejections do not end a run in which
    it has answered others. Failures that do not depend on the values, such as a missing file or service, always do.
    """

    def __init__(self, most: int, *, has_answered: bool) -> None:
        """Accept the number that ends a run, and whether the model has answered a row before."""
        self._most = most
        self._has_answered = has_answered
        self._first: Failure | None = None
        self._count = 0
        self._are_rejections = True

    def answered(self) -> None:
        """Record rows that the model has answered, which resets the count."""
        self._has_answered = True
        self._first, self._count, self._are_rejections = None, 0, True

    def failed(self, failure: Failure) -> None:
        """Count a failed row.

        Raises:
            PredictionError: too many rows have failed in a row.
        """
        self._first = self._first or failure
        self._count += 1
        self._are_rejections &= failure.is_rejection
        if self._count >= self._most and not (self._has_answered and self._are_rejections):
            raise PredictionError(
                f"{self._first.place}: {self._first.reason}; the model failed on {self._count:,} consecutive "
                "rows from there, so the run ended; --max-rejects N allows as many"
            )
