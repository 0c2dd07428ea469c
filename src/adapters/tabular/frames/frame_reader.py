"""FrameReader: an Arrow table in memory as chunks of instances."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from foreseen.adapters.tabular.columns.chunk_rows import as_cells
from foreseen.adapters.tabular.columns.column_types import check_type
from foreseen.adapters.tabular.columns.columns_as_text import JSON
from foreseen.adapters.tabular.missing.missing_words import MissingWords
from foreseen.adapters.tabular.reading.chunk_sizes import chunk_rows
from foreseen.adapters.tabular.reading.required_columns import ReadColumn, read_columns, readable, rejects_of
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.signature import Signature

if TYPE_CHECKING:
    from foreseen.domain.values.table_rows import TableSchema

_CHUNK_BYTES: Final = 32 << 20


class FrameReader:
    """Reads columns in memory, typed or as JSON; the line of a row is its number, from 1."""

    def __init__(self, table: pa.Table, *, name: str, signature: Signature, read: ReadColumn) -> None:
        """Read a table that has a column for each feature; `name` is its name in errors.

        Args:
            read: reads one column.
        Raises:
            TableError: a column has a type that no value of its feature can have.
        """
        self._name = name
        self._read = read
        self._signature = signature
        self._table = table.combine_chunks()
        self.rows: int = table.num_rows
        self.columns = tuple(table.column_names)
        self.schema: TableSchema = table.schema
        for feature in signature.features:
            kind = table.schema.field(feature.name).type
            if kind != JSON:
                check_type(feature, kind, name=name)
        self._rows_read = 0

    @property
    def bytes_read(self) -> int:
        """The number of rows read, in place of bytes."""
        return self._rows_read

    def __iter__(self) -> Iterator[Chunk]:
        """Go through the rows."""
        most = min(chunk_rows(self._table.num_columns), max(1, _CHUNK_BYTES * self.rows // max(1, self._table.nbytes)))
        for batch in self._table.to_batches(max_chunksize=most):
            if batch.num_rows:
                yield self._chunk(batch)

    def _chunk(self, table: pa.RecordBatch) -> Chunk:
        lines = np.arange(self._rows_read + 1, self._rows_read + table.num_rows + 1, dtype=np.int64)
        self._rows_read += table.num_rows
        read = read_columns(self._signature, table, self._read)
        rejects = rejects_of(read.rejected, table, lines, self._name, as_cells)
        return readable(self._signature, Chunk(self._name, None, table, lines, rejects, as_text=as_cells), read)


def read_as_in_files() -> ReadColumn:
    """Return a function that reads a column like one of a Parquet file, with words for missing values in texts."""
    words = MissingWords()
    return lambda feature, values: (words.read_json if values.type == JSON else words.read_arrow)(feature, values)
