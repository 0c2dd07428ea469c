"""CsvEncoder: the rows that were read, each with its prediction, as lines of CSV."""

import shutil
from collections.abc import Sequence
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.adapters.tabular.columns.columns_as_text import as_cells_of_text
from foreseen.adapters.tabular.columns.non_finite import count_non_finite
from foreseen.adapters.tabular.columns.text_buffers import lengths
from foreseen.adapters.tabular.csv.csv_lines import PLAIN, CsvStyle, UnquotableError, csv_line, csv_lines
from foreseen.adapters.tabular.writing.added_columns import AddedColumn
from foreseen.adapters.tabular.writing.answer_texts import cell_texts
from foreseen.domain.errors import TableError
from foreseen.domain.tables.notices import Notices
from foreseen.domain.tables.table import AsWritten, Chunk, Mask, Reject
from foreseen.domain.values.predictions import Predictions

_AS_IN_TABLE: Final = AsWritten()


class CsvEncoder:
    """Writes the columns to keep, then those that are added, in UTF-8 with a header line.

    Cells of CSV are written unchanged, with the quotes that distinguish them from a missing value. Of other formats, a
    missing value is an empty cell, and an empty text two quotes.
    """

    has_to_be_sealed: Final = False

    def __init__(
        self,
        kept: Sequence[str],
        *,
        added: Sequence[AddedColumn],
        style: CsvStyle = PLAIN,
        decimal: str = ".",
        notices: Notices | None = None,
    ) -> None:
        """Accept the input's columns to keep, the columns to add, and the decimal mark of the latter."""
        self._kept = tuple(kept)
        self._added = tuple(added)
        self._style = style
        self._decimal = decimal
        self._notices = notices or Notices()

    def begin(self) -> bytes:
        """Return the header line; raise TableError as `encode`."""
        try:
            return csv_line([*self._kept, *(column.name for column in self._added)], self._style)
        except UnquotableError as exc:
            raise TableError(f"header of the output: {exc}") from None

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Return a line for each row; raise TableError if a cell needs quotes and quoting is off."""
        cells = [_kept_cells(chunk, name) for name in self._kept]
        cells += [self._added_cells(column, predictions) for column in self._added]
        masks = [mask for _, mask in cells]
        try:
            return csv_lines([column for column, _ in cells], self._style, quoted=masks)
        except UnquotableError as exc:
            raise TableError(f"{chunk.place(exc.row)}: {exc}") from None

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Copy it: the lines are the file."""
        shutil.copyfileobj(spool, out)

    def _added_cells(self, column: AddedColumn, predictions: Predictions) -> tuple[pa.Array, Mask | None]:
        values = column.values(predictions)
        count_non_finite(self._notices, column.name, values, is_held=True)
        texts = cell_texts(values)
        if self._decimal != "." and any(isinstance(value, float) for value in values):
            is_number = pa.array([isinstance(value, float) for value in values])
            texts = pc.if_else(is_number, pc.replace_substring(texts, ".", self._decimal), texts)
        return texts, _empty_texts(texts)


class CsvRejectsEncoder:
    """Encodes the rows that were not scored: file, line, column, reason and the row itself."""

    def begin(self) -> bytes:
        """Return the header line."""
        return csv_line(["file", "line", "column", "reason", "row"])

    def encode(self, rejects: Sequence[Reject]) -> bytes:
        """Return a line for each reject."""
        if not rejects:
            return b""
        rows = [(one.source, str(one.line), one.column, one.reason, one.row) for one in rejects]
        return csv_lines([_readable(cells) for cells in zip(*rows, strict=True)])


def _kept_cells(chunk: Chunk, name: str) -> tuple[pa.Array, Mask | None]:
    if chunk.written is None:
        cells = as_cells_of_text(record_batch_of(chunk).column(name))
        return cells, _empty_texts(cells)
    written = chunk.written.get(name, _AS_IN_TABLE)
    cells = as_cells_of_text(record_batch_of(chunk).column(name)) if written.texts is None else written.texts
    return cells, written.quoted


def _empty_texts(cells: pa.Array) -> Mask | None:
    """Return which cells are empty texts, not missing values; None if none is."""
    is_empty: Mask = lengths(cells) == 0
    if not is_empty.any():
        return None
    if cells.null_count:
        is_empty &= cells.is_valid().to_numpy(zero_copy_only=False)
    return is_empty if is_empty.any() else None


def _readable(texts: Sequence[str]) -> pa.Array:
    """Return texts as a column; what cannot be encoded, such as part of a file's name, becomes a question mark."""
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return pa.array([text.encode(errors="replace").decode() for text in texts], pa.string())
