"""Arrow IPC files, which Feather files are as well, and streams of the same messages."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import pyarrow as pa

from foreseen.adapters.tabular.typed_reader import TypedRows

_FILE_MAGIC: Final = b"ARROW1\x00\x00"


class ArrowRows(TypedRows):
    """The record batches of a file or a stream."""

    is_typed = True
    first_line = 1

    def __init__(self, stream: BinaryIO) -> None:
        """Read the schema."""
        self._size = stream.seek(0, 2)
        stream.seek(0)
        self._is_file = stream.read(len(_FILE_MAGIC)) == _FILE_MAGIC
        self._stream = stream
        self.schema: pa.Schema = self._opened(None).schema
        self._share = 0.0

    @property
    def bytes_read(self) -> int:
        """How far reading has come, by the batches; a stream does not say how many it has."""
        return int(self._size * self._share)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the batches, as large as they were written."""
        places = [self.schema.get_field_index(column) for column in columns]
        opened = self._opened(places)
        for number in range(opened.num_record_batches if self._is_file else 0):
            self._share = (number + 1) / opened.num_record_batches
            yield opened.get_batch(number)
        if not self._is_file:
            yield from opened

    def _opened(self, places: Sequence[int] | None) -> Any:
        self._stream.seek(0)
        options = pa.ipc.IpcReadOptions(included_fields=places, use_threads=False)
        return (pa.ipc.open_file if self._is_file else pa.ipc.open_stream)(self._stream, options=options)
