"""Failures in a row: so many rows, one after the other, that none of them is at fault but the model or the file."""

from dataclasses import dataclass
from typing import Final

from foreseen.domain.errors import PredictionError

IN_A_ROW: Final = 1_000
"""Rows that may fail one after the other, if no more may be rejected."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A row on which the model failed.

    Attributes:
        place: its file and line.
        reason: what the model said.
        is_refusal: whether the model refused its values, and nothing else went wrong.
    """

    place: str
    reason: str
    is_refusal: bool


class FailuresInARow:
    """Counts rows on which the model fails, and ends a run in which nothing else happens any more.

    A file may be sorted, so that a model rightly refuses thousands of its rows in a row; it has answered others then.
    What has nothing to do with their values, such as a file or a service that is away, is never so.
    """

    def __init__(self, most: int, *, has_answered: bool) -> None:
        """Accept how many end a run, and whether the model has answered a row before."""
        self._most = most
        self._has_answered = has_answered
        self._first: Failure | None = None
        self._count = 0
        self._are_refusals = True

    def answered(self) -> None:
        """Count rows that the model has answered."""
        self._has_answered = True
        self._first, self._count, self._are_refusals = None, 0, True

    def failed(self, failure: Failure) -> None:
        """Count a row.

        Raises:
            PredictionError: it is one too many.
        """
        self._first = self._first or failure
        self._count += 1
        self._are_refusals &= failure.is_refusal
        if self._count >= self._most and not (self._has_answered and self._are_refusals):
            raise PredictionError(
                f"{self._first.place}: {self._first.reason}; the model failed on {self._count:,} rows in a row from "
                "there, so no more were tried; --max-rejects N goes on past as many"
            )
