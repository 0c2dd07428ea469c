"""Parts: some chunks of one input each, scored and written by one machine, whichever that is.

Where a part begins depends on its input alone. So do its name and its bytes: one that is scored twice, after a machine
died, is the same, and parts in the order of their names are the table in its order.
"""

import io
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from foreseen.domain.table import Chunk, Scored, TableReader

PART_ROWS: Final = 1 << 17
"""Rows from which on a part is whole: few enough that every actor soon has one, many enough for a file."""
_PART_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Which part it is: the number of its input, and its own among those of the input."""

    source: int
    part: int

    def __str__(self) -> str:
        """Name it, so that names are in order."""
        return f"{self.source:05}-{self.part:05}"


@dataclass(frozen=True, slots=True)
class Part:
    """Some chunks of a table, as a TableReader that is read once more.

    Attributes:
        schema: of the table it is from.
        bytes_read: how far reading had come in the file with its last chunk.
    """

    place: Place
    schema: Any
    chunks: Sequence[Chunk]
    bytes_read: int

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
        bytes_read: as of the part.
        worker: which process scored it.
        counts: what that counted meanwhile, as a Tally numbers it.
        decided: what it has decided of each tier by now.
    """

    place: Place
    scored: Scored
    bytes_read: int
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
    for chunk in reader:
        chunks.append(chunk)
        rows += len(chunk.lines)
        size += _size(chunk)
        if rows >= PART_ROWS or size >= _PART_BYTES:
            yield Part(Place(source, number), reader.schema, chunks, reader.bytes_read)
            chunks, rows, size, number = [], 0, 0, number + 1
    if chunks or not number:
        yield Part(Place(source, number), reader.schema, chunks, reader.bytes_read)


def packed(sent: Any) -> bytes:
    """Give the bytes by which something of ours is sent to another process of the run."""
    stream = io.BytesIO()
    _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump(sent)
    return stream.getvalue()


def unpacked(data: Any) -> Any:
    """Give it back; from processes of this run only, as everything that Ray sends."""
    return pickle.loads(data)  # noqa: S301


class _Pickler(pickle.Pickler):
    """Sends the rows of a table and no others: pyarrow would send all that a slice was cut from."""

    def reducer_override(self, obj: Any) -> Any:
        """Say how an object is sent."""
        if not isinstance(obj, pa.RecordBatch):
            return NotImplemented
        out = pa.BufferOutputStream()
        with pa.ipc.new_stream(out, obj.schema) as stream:
            stream.write_batch(obj)
        return _record_batch, (out.getvalue().to_pybytes(),)


def _record_batch(data: bytes) -> pa.RecordBatch:
    return pa.ipc.open_stream(data).read_next_batch()


def _size(chunk: Chunk) -> int:
    values = sum(column.nbytes for column in chunk.batch.columns) if chunk.batch else 0
    return values + (0 if chunk.table is None else int(chunk.table.nbytes))
