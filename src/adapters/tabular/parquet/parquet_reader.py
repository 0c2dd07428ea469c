"""ParquetReader: a Parquet file as chunks of instances, some of its rows at a time."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from foreseen.adapters.tabular.missing.missing_words import MissingWords
from foreseen.adapters.tabular.parquet.parquet_groups import are_read_whole, whole_groups
from foreseen.adapters.tabular.reading.chunk_sizes import chunk_rows
from foreseen.adapters.tabular.reading.typed_reader import TypedReader, TypedRows
from foreseen.domain.values.signature import Signature

_BUFFER_BYTES: Final = 1 << 20
_BUFFERS_BYTES: Final = 32 << 20
"""Bytes read at once of a column, and of all columns; otherwise a whole group of rows would be read."""
_LEAST_BUFFER_BYTES: Final = 1 << 12
_CHUNK_BYTES: Final = 32 << 20


class ParquetRows(TypedRows):
    """The rows of a file."""

    is_typed = True
    first_line = 1

    def __init__(self, stream: BinaryIO) -> None:
        """Read a file's metadata."""
        self._size = stream.seek(0, 2)
        metadata = pq.read_metadata(stream)
        buffer_bytes = min(_BUFFER_BYTES, _BUFFERS_BYTES // max(1, metadata.num_columns))
        self._file = pq.ParquetFile(
            stream,
            metadata=metadata,
            buffer_size=max(_LEAST_BUFFER_BYTES, buffer_bytes),
            pre_buffer=False,
            page_checksum_verification=True,
        )
        self.schema: pa.Schema = self._file.schema_arrow.remove_metadata()
        self._read = 0

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, estimated from the rows."""
        return int(self._size * self._read // max(1, self._file.metadata.num_rows))

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows."""
        rows = self._chunk_rows(len(columns))
        if are_read_whole(self._file, columns):
            batches = whole_groups(self._file, columns, rows)
        else:
            batches = self._file.iter_batches(batch_size=rows, columns=list(columns), use_threads=False)
        for batch in batches:
            self._read += batch.num_rows
            yield batch

    def _chunk_rows(self, columns: int) -> int:
        """Return how many rows a chunk has: fewer if each is large."""
        metadata = self._file.metadata
        size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        return int(min(chunk_rows(columns), max(1, _CHUNK_BYTES * metadata.num_rows // max(1, size))))


class ParquetReader(TypedReader):
    """Reads a Parquet file."""

    def __init__(
        self,
        stream: BinaryIO,
        *,
        name: str,
        signature: Signature,
        wanted: Sequence[str] | None = None,
        words: MissingWords | None = None,
    ) -> None:
        """Read a file's metadata; arguments and errors are those of a TypedReader."""
        super().__init__(
            lambda: ParquetRows(stream), name=name, what="Parquet", signature=signature, wanted=wanted, words=words
        )
