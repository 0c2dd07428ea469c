"""ParquetReader: a Parquet file as chunks of instances, some of its rows at a time."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from foreseen.adapters.tabular.column_types import check_type
from foreseen.adapters.tabular.missing_words import MissingWords
from foreseen.adapters.tabular.readable import check_columns, read_columns, readable, rejects_of
from foreseen.adapters.tabular.slices import CHUNK_ROWS
from foreseen.domain.errors import TableError
from foreseen.domain.signature import Signature
from foreseen.domain.table import Chunk, as_cells

_BUFFER_BYTES: Final = 1 << 20
"""What is read of a column at once: else all of it that is in a group of rows."""
_CHUNK_BYTES: Final = 32 << 20


class ParquetReader:
    """Reads typed columns, in any order, more than the model takes; the number of a row stands for its line."""

    def __init__(
        self,
        stream: BinaryIO,
        *,
        name: str,
        signature: Signature,
        wanted: Sequence[str] | None = None,
        words: MissingWords | None = None,
    ) -> None:
        """Read what a file says of itself; `name` stands for it in errors.

        Args:
            wanted: columns to read beside the features; None for all.
            words: those that stand for a missing value in a column of texts; None for an empty one alone.
        Raises:
            TableError: no Parquet file, no column for a feature, or one of a type that no value of it can have.
        """
        self._name = name
        self._signature = signature
        self._stream = stream
        self._words = words or MissingWords(())
        try:
            self._size = stream.seek(0, 2)
            self._file = pq.ParquetFile(
                stream, buffer_size=_BUFFER_BYTES, pre_buffer=False, page_checksum_verification=True
            )
            self.schema: Any = _without_views(self._file.schema_arrow.remove_metadata())
        except (pa.ArrowException, OSError) as exc:
            raise TableError(self._worded(exc)) from exc
        self.columns = tuple(self.schema.names)
        check_columns(self.columns, signature, name)
        for feature in signature.features:
            check_type(feature, self.schema.field(feature.name).type, name=name)
        needed = {*signature.names, *(self.columns if wanted is None else wanted)}
        self._needed = [column for column in self.columns if column in needed]
        self._rows_read = 0

    @property
    def bytes_read(self) -> int:
        """How far reading has come in the file, by its rows."""
        return int(self._size * self._rows_read // max(1, self._file.metadata.num_rows))

    def __iter__(self) -> Iterator[Chunk]:
        """Go through the rows."""
        try:
            for table in self._file.iter_batches(
                batch_size=self._chunk_rows(), columns=self._needed, use_threads=False
            ):
                if table.num_rows:
                    yield self._chunk(table.cast(_without_views(table.schema)))
        except (pa.ArrowException, OSError) as exc:
            raise TableError(self._worded(exc)) from exc

    def _chunk_rows(self) -> int:
        """Say how many rows go through at a time: fewer where each takes much room."""
        metadata = self._file.metadata
        size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
        return int(min(CHUNK_ROWS, max(1, _CHUNK_BYTES * metadata.num_rows // max(1, size))))

    def _chunk(self, table: pa.RecordBatch) -> Chunk:
        lines = np.arange(self._rows_read + 1, self._rows_read + table.num_rows + 1, dtype=np.int64)
        self._rows_read += table.num_rows
        read = read_columns(self._signature, table, self._words.read_arrow)
        rejects = rejects_of(read.refused, table, lines, self._name, as_cells)
        return readable(self._signature, Chunk(self._name, None, table, lines, rejects), read)

    def _worded(self, exc: Exception) -> str:
        said = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        return f"{self._name}: expected a whole Parquet file, got one that is cut off, damaged or none: {said}"


def _without_views(schema: pa.Schema) -> pa.Schema:
    """Return a schema with strings for views of them, from which Arrow takes no rows."""
    fields = [field.with_type(pa.string()) if pa.types.is_string_view(field.type) else field for field in schema]
    return pa.schema(fields)
