"""Parts: some chunks of one input each, scored and written by one machine, whichever that is.

Where a part begins depends on its input alone. So do its name and its bytes: one that is scored twice, after a machine
died, is the same, and parts in the order of their names are the table in its order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from foreseen.domain.tables.done_part import DonePart, Place
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Chunk, TableReader

PART_ROWS: Final = 1 << 17
"""Rows from which on a part is whole: few enough that every actor soon has one, many enough for a file."""
PART_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """Some chunks of a table, as a TableReader of its own.

    Attributes:
        schema: schema of its table.
        bytes_read: bytes of the file that had been read at its end.
        is_last: whether it is the last part of its input.
        notices: notices of the reader about it.
    """

    place: Place
    schema: Any
    chunks: Sequence[Chunk]
    bytes_read: int
    is_last: bool
    notices: Sequence[Notice] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(self.schema.names)

    def __iter__(self) -> Iterator[Chunk]:
        """Go through its rows."""
        return iter(self.chunks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a part.

    Attributes:
        done: what the run keeps of it.
        worker: which process scored it.
        counts: what that counted meanwhile, as a Tally numbers it.
        decided: what it has decided of each tier by now.
    """

    done: DonePart
    worker: str
    counts: Sequence[float] = field(default=())
    decided: Mapping[str, str] = field(default_factory=dict)


def parts_of(reader: TableReader, source: int) -> Iterator[Part]:
    """Cut an input into parts; one without rows is a part as well, so that it has a header.

    Raises:
        TableError: as the reader.
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
