"""Parts: consecutive chunks of one input, scored and written by one machine.

Where a part begins depends on its input alone, and so do its name and its bytes. A part that is scored twice, after a
machine died, is the same both times, and the parts in the order of their names are the table in its order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from foreseen.domain.tables.done_part import DonePart, Place
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Chunk, TableReader
from foreseen.domain.values.table_rows import TableSchema

PART_ROWS: Final = 1 << 17
"""Rows at which a part ends: few enough that every actor soon has one, enough to be worth a file."""
PART_BYTES: Final = 64 << 20
"""Bytes at which a part ends, if it has fewer rows."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some chunks of a table, as a TableReader of its own.

    Attributes:
        schema: schema of its table.
        bytes_read: bytes of the file that were read up to its end.
        is_last: whether it is the last part of its input.
        notices: notices of the reader about it.
    """

    place: Place
    schema: TableSchema
    chunks: Sequence[Chunk]
    bytes_read: int
    is_last: bool
    notices: Sequence[Notice] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(self.schema.names)

    def __iter__(self) -> Iterator[Chunk]:
        """Iterate over the chunks."""
        return iter(self.chunks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a part that was scored.

    Attributes:
        done: the part as the journal records it.
        worker: the process that scored it, as host/pid.
        counts: what this added to that process's tally, in the order of `Tally.counts`.
        decided: the current decision of that process about each tier, in words.
    """

    done: DonePart
    worker: str
    counts: Sequence[float] = field(default=())
    decided: Mapping[str, str] = field(default_factory=dict)


def parts_of(reader: TableReader, source: int) -> Iterator[Part]:
    """Cut an input into parts; an input without rows is one empty part, so that its header is written.

    Raises:
        TableError: as the reader raises it.
    """
    chunks: list[Chunk] = []
    number = rows = size = 0
    for chunk, is_last in _with_the_end(reader):
        chunks.append(chunk)
        rows += len(chunk.lines)
        size += _size(chunk)
        if is_last or rows >= PART_ROWS or size >= PART_BYTES:
            yield Part(Place(source, number), reader.schema, chunks, reader.bytes_read, is_last)
            chunks, rows, size, number = [], 0, 0, number + 1
    if not number:
        yield Part(Place(source, 0), reader.schema, [], reader.bytes_read, is_last=True)


def _with_the_end(chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, bool]]:
    """Yield each chunk, and whether it is the last."""
    remaining = iter(chunks)
    chunk = next(remaining, None)
    while chunk is not None:
        following = next(remaining, None)
        yield chunk, following is None
        chunk = following


def _size(chunk: Chunk) -> int:
    values = sum(column.nbytes for column in chunk.batch.columns) if chunk.batch else 0
    return values + (0 if chunk.table is None else int(chunk.table.nbytes))
