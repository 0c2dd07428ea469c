"""TypedReader: typed columns, from any format, as chunks of instances."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.arrow_columns import fits
from foreseen.adapters.tabular.columns.chunk_rows import as_cells
from foreseen.adapters.tabular.columns.column_types import check_type
from foreseen.adapters.tabular.columns.columns_as_text import as_cells_of_text
from foreseen.adapters.tabular.columns.plain_columns import is_text
from foreseen.adapters.tabular.columns.text_columns import RejectedCells, Values
from foreseen.adapters.tabular.missing.missing_words import MissingWords
from foreseen.adapters.tabular.reading.chunk_sizes import even_slices
from foreseen.adapters.tabular.reading.required_columns import check_columns, read_columns, readable, rejects_of
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk
from foreseen.domain.values.signature import Feature, Signature

_SAID_LENGTH: Final = 300


class TypedRows(Protocol):
    """Rows of typed columns in one format; a damaged file raises ArrowException or OSError.

    Attributes:
        schema: of all columns.
        is_typed: whether the format declares the type of a column; if not, text is read like a cell of CSV.
        first_line: the number of the first row.
    """

    schema: pa.Schema
    is_typed: bool
    first_line: int

    @property
    def bytes_read(self) -> int:
        """Bytes read so far; 0 if unknown."""

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield these columns of all rows."""


class TypedReader:
    """Reads features by name, in any order, with other columns beside them; rows have numbers in place of lines.

    Attributes:
        columns, schema: all of the columns.
    """

    def __init__(
        self,
        open_rows: Callable[[], TypedRows],
        *,
        name: str,
        what: str,
        signature: Signature,
        wanted: Sequence[str] | None = None,
        words: MissingWords | None = None,
    ) -> None:
        """Open a file and check its columns against the features; errors call the file `name`.

        Args:
            what: the format, as errors call it.
            wanted: columns to read beside the features; None for all.
            words: texts that are read as missing values; None for the empty text alone.
        Raises:
            TableError: it is damaged, lacks a column for a feature, or has one of a type that no value of it can have.
        """
        self._name = name
        self._what = what
        self._signature = signature
        self._words = words or MissingWords(())
        try:
            self._rows = open_rows()
        except (pa.ArrowException, OSError) as exc:
            raise self._damaged(exc) from exc
        self.schema: pa.Schema = pa.schema([(field.name, _plain_type(field.type)) for field in self._rows.schema])
        self.columns = tuple(self.schema.names)
        check_columns(self.columns, signature, name)
        if self._rows.is_typed:
            for feature in signature.features:
                check_type(feature, self.schema.field(feature.name).type, name=name)
        needed = {*signature.names, *(self.columns if wanted is None else wanted)}
        self._needed = [column for column in self.columns if column in needed]
        self._line = self._rows.first_line

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far, estimated from its rows."""
        return self._rows.bytes_read

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the rows in chunks."""
        try:
            for batch in self._rows.batches(self._needed):
                for part in even_slices(_plain(batch)):
                    yield self._chunk(part)
        except (pa.ArrowException, OSError) as exc:
            raise self._damaged(exc) from exc

    def values_of(self, column: str) -> Iterator[pa.Array]:
        """Yield one column, for a caller that examines it before the rows are read."""
        try:
            for batch in self._rows.batches([column]):
                yield _plain(batch).column(0)
        except (pa.ArrowException, OSError) as exc:
            raise self._damaged(exc) from exc

    def _chunk(self, table: pa.RecordBatch) -> Chunk:
        lines = np.arange(self._line, self._line + table.num_rows, dtype=np.int64)
        self._line += table.num_rows
        read = read_columns(self._signature, table, self._read)
        rejects = rejects_of(read.rejected, table, lines, self._name, as_cells)
        whole = Chunk(self._name, None, table, lines, rejects, as_text=as_cells, columns_of_rejects=table.schema.names)
        return readable(self._signature, whole, read)

    def _read(self, feature: Feature, values: pa.Array) -> tuple[Values, RejectedCells]:
        is_cell = is_text(values.type) or feature.dtype == "string" or not fits(feature, values.type)
        if is_cell and not self._rows.is_typed:
            return self._words.read_cells(feature, pc.fill_null(as_cells_of_text(values), ""))
        return self._words.read_arrow(feature, values)

    def _damaged(self, exc: Exception) -> TableError:
        said = (str(exc).splitlines() or [type(exc).__name__])[0][:_SAID_LENGTH]
        expected = f"expected a whole {self._what} file, got one that is truncated, damaged or of another format"
        return TableError(f"{self._name}: {expected}: {said}")


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Return a type whose columns Arrow can take rows from, in place of one where it cannot."""
    if pa.types.is_run_end_encoded(kind):
        return _plain_type(kind.value_type)
    return pa.string() if pa.types.is_string_view(kind) else kind


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    if all(_plain_type(kind) == kind for kind in batch.schema.types):
        return batch
    columns = []
    for column in batch.columns:
        decoded = pc.run_end_decode(column) if pa.types.is_run_end_encoded(column.type) else column
        columns.append(decoded.cast(_plain_type(decoded.type)))
    return pa.record_batch(columns, names=batch.schema.names)
