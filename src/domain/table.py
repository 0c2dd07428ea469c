"""Tables: files of instances that are read, scored and written in chunks."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from foreseen.domain.batch import Batch


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be scored.

    Attributes:
        line: number of the line in the file that it begins on, from 1, the header included.
        column: the column at fault; empty when it is the row as a whole.
        reason: what was expected and what stood there.
        row: the row as text.
    """

    line: int
    column: str
    reason: str
    row: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table, in its order.

    Attributes:
        batch: the readable ones as instances; None when there are none.
        table: the same rows with all their columns, in the reader's own form.
        lines: the line each begins on.
        rejects: the unreadable ones between and around them.
    """

    batch: Batch | None
    table: Any
    lines: Sequence[int]
    rejects: Sequence[Reject]

    def take(self, rows: Sequence[int]) -> "Chunk":
        """Give some of the readable rows, by number."""
        batch = self.batch.take(rows) if self.batch and rows else None
        return Chunk(batch, self.table.take(list(rows)), [self.lines[row] for row in rows], ())

    def reject(self, row: int, reason: str) -> Reject:
        """Make a reject of one of the readable rows."""
        text = io.StringIO()
        csv.writer(text).writerow([str(column[0]) for column in self.table.take([row]).columns])
        return Reject(self.lines[row], "", reason, text.getvalue().removesuffix("\r\n"))


class TableReader(Protocol):
    """A table that is read from the beginning to its end, once."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all its columns, in order."""

    @property
    def bytes_read(self) -> int:
        """How far reading has come in the file."""

    def __iter__(self) -> Iterator[Chunk]:
        """Go through its rows.

        Raises:
            TableError: it is no table, or ends in the middle.
        """


class TableWriter(Protocol):
    """A table that is written row by row and is there as a whole, or not at all."""

    def write(self, chunk: Chunk, bodies: Sequence[bytes]) -> None:
        """Add the rows of a chunk, each with its prediction; raise TableError when that fails."""


class RejectsWriter(Protocol):
    """Where the rows go that cannot be scored."""

    def write(self, rejects: Sequence[Reject]) -> None:
        """Add rejects, in their order; raise TableError when that fails."""
