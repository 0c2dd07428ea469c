"""Tables: files of instances that are read, scored and written in chunks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Protocol

import numpy as np
import numpy.typing as npt

from foreseen.domain.values.batch import Batch
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.table_rows import Cells, Positions, TableRows, TableSchema


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be scored.

    Attributes:
        source: name of its file.
        line: number of the line in the file that it begins on, from 1, the header included; where a file has no lines,
            the number of the row, from 1.
        column: the column at fault; empty when it is the row as a whole.
        reason: what was expected and what was found.
        row: the row as text.
    """

    source: str
    line: int
    column: str
    reason: str
    row: str


Lines = Sequence[int] | npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
RowsAsText = Callable[[TableRows, Sequence[int]], list[str]]
"""Returns some rows, by number, as their file has them."""


@dataclass(frozen=True, slots=True)
class AsWritten:
    """How the cells of a column are written in their file, if the table does not preserve that.

    Attributes:
        texts: the cells, in the reader's own form; None if the table has them unchanged.
        quoted: which of them are in quotes that distinguish a text from a missing value; None for none.
    """

    texts: Cells | None = None
    quoted: Mask | None = None

    def take(self, rows: Positions) -> "AsWritten":
        """Return some of the cells, by number."""
        return AsWritten(
            None if self.texts is None else self.texts.take(rows), None if self.quoted is None else self.quoted[rows]
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table, in its order.

    Attributes:
        source: name of their file.
        batch: the readable ones as instances; None when there are none.
        table: the same rows with all their columns, in the reader's own form; None when there are none.
        lines: the line each begins on.
        rejects: the unreadable ones between and around them.
        as_text: returns rows of such a table as its file has them.
        written: how cells are written, by column; None if the table distinguishes a missing value from an empty text.
        columns_of_rejects: the columns of the cells in a reject's text, in order; None if the text names them.
        shared: cells that all rows of the file have and the text of a reject lacks, by column.
    """

    source: str
    batch: Batch | None
    table: TableRows | None
    lines: Lines
    rejects: Sequence[Reject]
    as_text: RowsAsText = field(kw_only=True)
    written: Mapping[str, AsWritten] | None = None
    columns_of_rejects: Sequence[str] | None = None
    shared: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> TableRows:
        """The table of a chunk that has readable rows."""
        if self.table is None:
            raise ValueError("expected a chunk with readable rows, got none")
        return self.table

    def take(self, rows: Sequence[int] | npt.NDArray[np.intp]) -> "Chunk":
        """Return a chunk of some of the readable rows, by number."""
        index = np.asarray(rows, dtype=np.int64)
        batch = self.batch.take(index) if self.batch and len(index) else None
        written = self.written and {name: cells.take(index) for name, cells in self.written.items()}
        lines = np.asarray(self.lines)[index]
        return replace(self, batch=batch, table=self.rows.take(index), lines=lines, rejects=(), written=written)

    def place(self, row: int) -> str:
        """Return where one of the readable rows is, for a message."""
        return f"{self.source}, line {int(self.lines[row])}"

    def reject(self, row: int, reason: str) -> Reject:
        """Return one of the readable rows as a reject."""
        return Reject(self.source, int(self.lines[row]), "", reason, self.as_text(self.rows, [row])[0])


class TableReader(Protocol):
    """A table that is read from the beginning to its end, once.

    The same file gives the same chunks each time: an interrupted run resumes after those that it has written.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all its columns, in order."""

    @property
    def schema(self) -> TableSchema:
        """The same with their types, in the reader's own form: what an encoder of its chunks has to know."""

    @property
    def bytes_read(self) -> int:
        """The number of bytes of the file read so far."""

    def __iter__(self) -> Iterator[Chunk]:
        """Go through its rows.

        Raises:
            TableError: it is not a table, or ends in the middle.
        """


Written = bytes | memoryview
"""Bytes, perhaps as a view: those of large chunks are not copied."""


class TableEncoder(Protocol):
    """Encodes scored rows; what it returns is appended to one file in order, which may be cut off after any of it."""

    def begin(self) -> bytes:
        """Return the bytes before the first row."""

    def encode(self, chunk: Chunk, predictions: Predictions) -> Written:
        """Return the bytes of a chunk's rows, number i with prediction i; a number that is not finite is left out.

        The bytes depend on nothing but these rows, and may be cut off after them.
        """

    @property
    def has_to_be_sealed(self) -> bool:
        """Whether the bytes returned so far are not a file of its format yet."""

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Write the finished file from the spool, which contains everything that was encoded."""


class RejectsEncoder(Protocol):
    """Encodes rows that cannot be scored, in the same way."""

    def begin(self) -> bytes:
        """Return the bytes before the first row."""

    def encode(self, rejects: Sequence[Reject]) -> bytes:
        """Return the bytes of rejects, in their order."""


@dataclass(frozen=True, slots=True)
class Scored:
    """How far a run has come, or how it went.

    Attributes:
        chunks: chunks of the table that are finished.
        rows: rows that were scored.
        rejected: rows that could not be.
    """

    chunks: int = 0
    rows: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """The results of some readable rows of a chunk whose other rows are not answered yet.

    Attributes:
        chunk: the number of the chunk in its table, from 0.
        start, end: the index of its first row in the chunk, and of the one after its last.
        outputs: predictions of the rows that were answered, in order, by the name of the output.
        failed: of the other rows, by index in the chunk: the reason, and whether the model rejected their values.
    """

    chunk: int
    start: int
    end: int
    outputs: Mapping[str, Sequence[Json]]
    failed: Mapping[int, tuple[str, bool]]


class PieceKeeper(Protocol):
    """Where pieces are kept until their chunk is written."""

    @property
    def pieces(self) -> Sequence[Piece]:
        """Those of unfinished chunks, from a previous run."""

    def note(self, piece: Piece) -> None:
        """Keep another piece.

        Raises:
            TableError: it cannot be kept.
        """


class Sink(Protocol):
    """Accepts a run's results, each once, however often the run was interrupted and resumed."""

    @property
    def scored(self) -> Scored:
        """What it contains already, from a previous run."""

    def write(self, rows: Written, rejects: Sequence[Reject], scored: Scored) -> None:
        """Append the rows of one more chunk and its rejects; `scored` counts all rows including them.

        Raises:
            TableError: they cannot be written.
        """
