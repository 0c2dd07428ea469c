"""Errors that only the Python API has: rows that cannot be scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Reject


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that cannot be scored.

    Attributes:
        row: in a frame the row's number, counted from 0 as `frame.iloc` does; in a file its line, counted from 1.
        column: the column at fault; empty if it is the row as a whole.
        reason: what was expected, and what was found.
        file: the file that contains the row; empty for a frame.
    """

    row: int
    column: str
    reason: str
    file: str = ""

    @classmethod
    def of_frame(cls, reject: Reject) -> Self:
        """Return a reject of a frame, whose rows are counted from 0."""
        return cls(reject.line - 1, reject.column, reject.reason)

    def worded(self, name: str = "") -> str:
        """Return the row's place and the reason in one line; `name` is the name of the frame."""
        place = f"{self.file}, line {self.row}" if self.file else f"{name}: row {self.row}"
        return place + (f", column {self.column!r}" if self.column else "") + f": {self.reason}"


class RejectedRowsError(TableError):
    """Rows cannot be scored, and the caller allows no rejects.

    Attributes:
        rejects: the rejected rows, of those read so far.
    """

    def __init__(self, said: str, rejects: Sequence[RejectedRow]) -> None:
        super().__init__(said)
        self.rejects = tuple(rejects)

    @classmethod
    def of(cls, name: str, rejects: Sequence[Reject]) -> Self:
        """Return an error that words the first reject of a frame and counts the others.

        Args:
            name: the name of the data in errors.
        """
        rows = [RejectedRow.of_frame(reject) for reject in rejects]
        return cls(_worded(rows, name, "on_error='reject' leaves their predictions missing"), rows)

    @classmethod
    def of_files(cls, rows: Sequence[RejectedRow]) -> Self:
        """Return an error that words the first rejected row of files and counts the others."""
        return cls(_worded(rows, "", "on_error='reject' leaves them out, and rejects='FILE' keeps them"), rows)


def _worded(rows: Sequence[RejectedRow], name: str, advice: str) -> str:
    others = len(rows) - 1
    more = f" (and {others:,} more so far)" if others else ""
    return f"{rows[0].worded(name)}{more}; {advice}"
