"""CsvEncoder: the rows that were read, each with its prediction, as lines of CSV."""

import shutil
from collections.abc import Sequence
from typing import BinaryIO, Final

import pyarrow as pa

from foreseen.adapters.tabular.added_columns import AddedColumn
from foreseen.adapters.tabular.answer_texts import cell_texts
from foreseen.adapters.tabular.csv_text import csv_line, csv_lines
from foreseen.adapters.tabular.non_finite import count_non_finite
from foreseen.adapters.tabular.texts import as_cells_of_text
from foreseen.domain.notices import Notices
from foreseen.domain.predictions import Predictions
from foreseen.domain.table import Chunk, Reject


class CsvEncoder:
    """Gives the columns to keep, then those that are added, in UTF-8 with a header line."""

    has_to_be_sealed: Final = False

    def __init__(
        self,
        kept: Sequence[str],
        *,
        added: Sequence[AddedColumn],
        delimiter: str = ",",
        quote: str = '"',
        notices: Notices | None = None,
    ) -> None:
        """Take the columns that are kept of what was read, and those to add."""
        self._kept = tuple(kept)
        self._added = tuple(added)
        self._delimiter = delimiter
        self._quote = quote
        self._notices = notices or Notices()

    def begin(self) -> bytes:
        """Give the header line."""
        names = [*self._kept, *(column.name for column in self._added)]
        return csv_line(names, delimiter=self._delimiter, quote=self._quote)

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        """Give a line for each row."""
        columns = [as_cells_of_text(chunk.table.column(name)) for name in self._kept]
        columns += [self._answer(column, predictions) for column in self._added]
        return csv_lines(columns, delimiter=self._delimiter, quote=self._quote)

    def _answer(self, column: AddedColumn, predictions: Predictions) -> pa.Array:
        values = column.values(predictions)
        count_non_finite(self._notices, column.name, values, is_held=True)
        return cell_texts(values)

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        """Copy it: the lines are the file."""
        shutil.copyfileobj(spool, out)


class CsvRejectsEncoder:
    """Gives the rows that were not scored: file, line, column, reason and the row itself."""

    def begin(self) -> bytes:
        """Give the header line."""
        return csv_line(["file", "line", "column", "reason", "row"])

    def encode(self, rejects: Sequence[Reject]) -> bytes:
        """Give a line for each reject."""
        columns = zip(*[(one.source, str(one.line), one.column, one.reason, one.row) for one in rejects], strict=True)
        return csv_lines([pa.array(map(_utf8, column), pa.string()) for column in columns]) if rejects else b""


def _utf8(text: str) -> str:
    """Return a text without half of a surrogate pair, which UTF-8 cannot hold."""
    return text if text.isascii() else text.encode(errors="replace").decode()
