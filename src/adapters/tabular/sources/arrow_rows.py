"""Arrow IPC files, which Feather files are as well, and streams of the same messages."""

import mmap
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import pyarrow as pa

from foreseen.adapters.tabular.reading.typed_reader import TypedRows

_FILE_MAGIC: Final = b"ARROW1\x00\x00"
LARGE_BYTES: Final = 128 << 20
"""Bytes per batch from which a file is mapped into memory instead of read: polars writes one batch for all rows."""


class ArrowRows(TypedRows):
    """The record batches of a file or a stream."""

    is_typed = True
    first_line = 1

    def __init__(self, stream: BinaryIO) -> None:
        """Read the schema."""
        self._size = stream.seek(0, 2)
        stream.seek(0)
        self._is_file = stream.read(len(_FILE_MAGIC)) == _FILE_MAGIC
        self._source: BinaryIO | pa.BufferReader = stream
        opened = self._opened(None)
        self.schema: pa.Schema = opened.schema
        batches = opened.num_record_batches if self._is_file else 1
        # Smaller ones are read: truncating a mapped file ends the process, instead of raising an error.
        if self._size > LARGE_BYTES * max(1, batches):
            self._source = _mapped(stream) or stream
        self._share = 0.0

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, estimated from the batches; a stream does not state how many it has."""
        return int(self._size * self._share)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the batches, as large as they were written."""
        places = [self.schema.get_field_index(column) for column in columns]
        opened, wanted = self._opened(places), list(columns)
        for number in range(opened.num_record_batches if self._is_file else 0):
            self._share = (number + 1) / opened.num_record_batches
            yield opened.get_batch(number).select(wanted)
        if not self._is_file:
            yield from (batch.select(wanted) for batch in opened)

    def _opened(self, places: Sequence[int] | None) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
        self._source.seek(0)
        # A choice of columns copies them, even if it is all of them and they are in memory already.
        is_all = places is not None and sorted(places) == list(range(len(self.schema)))
        options = pa.ipc.IpcReadOptions(included_fields=None if is_all else places, use_threads=False)
        return (pa.ipc.open_file if self._is_file else pa.ipc.open_stream)(self._source, options=options)


def _mapped(stream: BinaryIO) -> pa.BufferReader | None:
    """Return a file whose parts the system reads when they are used; None if it cannot be mapped.

    Compressed columns are read whole nevertheless.
    """
    try:
        return pa.BufferReader(pa.py_buffer(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)))
    except (AttributeError, OSError, ValueError):
        return None
