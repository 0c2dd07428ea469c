"""Errors that only the Python API has: rows of a frame that cannot be scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from foreseen.domain.errors import TableError
from foreseen.domain.table import Reject


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be scored.

    Attributes:
        row: its number, counted from 0 as `frame.iloc` does; in a file its line, counted from 1.
        column: the column at fault; empty where it is the row as a whole.
        reason: what was expected, and what was there.
    """

    row: int
    column: str
    reason: str

    @classmethod
    def of_frame(cls, reject: Reject) -> Self:
        """Return a reject of a frame, whose rows are counted from 0."""
        return cls(reject.line - 1, reject.column, reject.reason)


class RejectedRowsError(TableError):
    """Rows of a frame cannot be scored, and nothing was said of what should become of them.

    Attributes:
        rejects: those of the rows that were read so far.
    """

    def __init__(self, said: str, rejects: Sequence[RejectedRow]) -> None:
        super().__init__(said)
        self.rejects = tuple(rejects)

    @classmethod
    def of(cls, name: str, rejects: Sequence[Reject]) -> Self:
        """Word the first of some rejects, and count the others.

        Args:
            name: of the data, as errors name it.
        """
        rows = [RejectedRow.of_frame(reject) for reject in rejects]
        first, others = rows[0], len(rows) - 1
        place = f"{name}: row {first.row}" + (f", column {first.column!r}" if first.column else "")
        more = f" (and {others:,} more so far)" if others else ""
        return cls(f"{place}: {first.reason}{more}; on_error='reject' leaves their predictions missing", rows)
