"""CsvReader: a CSV file as chunks of instances, rows that cannot be read set aside with their line."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foreseen.adapters.tabular.columns.chunk_rows import as_cells
from foreseen.adapters.tabular.columns.text_buffers import empty_rows
from foreseen.adapters.tabular.columns.written_numbers import NumberStyle
from foreseen.adapters.tabular.csv.csv_blocks import Block, CsvBlocks
from foreseen.adapters.tabular.csv.csv_first_rows import FIRST_ROWS, FirstRows
from foreseen.adapters.tabular.csv.csv_header import column_names, header_names, other_delimiter
from foreseen.adapters.tabular.csv.csv_parser import CsvParser, Parsed
from foreseen.adapters.tabular.csv.csv_row_names import with_row_names
from foreseen.adapters.tabular.csv.csv_swallowed_rows import ROWS_OF_ROWS, rows_of_rows
from foreseen.adapters.tabular.file_layout import Layout
from foreseen.adapters.tabular.missing.missing_words import MissingWords
from foreseen.adapters.tabular.reading.required_columns import (
    RejectedRows,
    check_columns,
    read_columns,
    readable,
    rejects_of,
)
from foreseen.adapters.tabular.reading.text_source import TextSource
from foreseen.domain.errors import TableError
from foreseen.domain.tables.notices import Notices
from foreseen.domain.tables.table import AsWritten, Chunk, Reject
from foreseen.domain.values.signature import Signature

BLOCK_BYTES: Final = 1 << 20
"""Bytes that are read at once, and maximum bytes of a row."""
_ROWS_A_BLOCK: Final = 4
"""Rows of the longest kind that a block has room for."""
_NUMBER_BYTES: Final = 32
"""Maximum bytes of a tensor's number as text."""
_PIECE_BYTES: Final = 1 << 18
_PLAIN: Final = Layout("csv", None, ",", '"', "utf-8")


class CsvReader:
    """Reads text with a header line; columns may be in any order, and more than the model takes.

    Every cell is kept as the text it is, so that what is written beside a prediction is what was read.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        name: str,
        signature: Signature,
        layout: Layout = _PLAIN,
        words: MissingWords | None = None,
        notices: Notices | None = None,
    ) -> None:
        """Read the header of a stream, and look at its first rows; `name` is that of the file in errors.

        Args:
            words: words for a missing value; None for an empty cell alone.
        Raises:
            TableError: no header, a feature without a column or with two, or rows that are written in another way.
        """
        self._text = TextSource(stream, name=name, encoding=layout.encoding)
        row_bytes = max(BLOCK_BYTES, _ROWS_A_BLOCK * sum(f.size * _NUMBER_BYTES for f in signature.features))
        buffered = io.BufferedReader(self._text, _PIECE_BYTES)
        self._blocks = CsvBlocks(buffered, name=name, layout=layout, row_bytes=row_bytes)
        self._signature = signature
        self._name = name
        self._words = words or MissingWords(())
        self._notices = None if layout.dialect.is_quote_chosen else notices
        self._style = NumberStyle.of(layout.dialect)
        self.columns = self._columns(layout)
        self._parser = CsvParser(
            self.columns,
            self._blocks.signs,
            name=name,
            is_quote_chosen=layout.dialect.is_quote_chosen,
            words=self._words.words,
        )

    @property
    def schema(self) -> pa.Schema:
        """All columns, as text."""
        return pa.schema([(column, pa.string()) for column in self.columns])

    @property
    def bytes_read(self) -> int:
        """Bytes of the file read so far."""
        return self._text.bytes_read

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the rows in chunks; trailing lines without any value are not rows."""
        blank: list[Reject] = []
        for block in self._blocks:
            self._count_rows_of_rows(block)
            for part in self._parser.parse(block).parts():
                chunk, ends_in = self._chunk(part)
                if chunk.batch is None and not chunk.rejects:  # blank as a whole
                    blank += ends_in
                    continue
                yield replace(chunk, rejects=[*blank, *chunk.rejects]) if blank else chunk
                blank = ends_in

    def _count_rows_of_rows(self, block: Block) -> None:
        """Count rows whose lines might be rows by themselves, if that may be a coincidence."""
        if self._notices is not None and (rows := rows_of_rows(block, self._blocks.signs, len(self.columns))):
            place = f"line {block.lines[rows[0]]} of {self._name}"
            self._notices.count(ROWS_OF_ROWS, example=place, n=len(rows))

    def _columns(self, layout: Layout) -> tuple[str, ...]:
        signs, features = self._blocks.signs, self._signature.names
        header = header_names(self._blocks.header, signs)
        if not any(header):
            raise TableError(f"{self._name}: expected a header line with the columns' names, got nothing")
        first = self._blocks.first_rows(FIRST_ROWS)
        names = with_row_names(header, self._blocks.header, first, signs) if first else header
        columns = column_names(names, features, trim=layout.dialect.trim, name=self._name)
        try:
            check_columns(columns, self._signature, self._name)
        except TableError as exc:
            hint = other_delimiter(self._blocks.header, signs, features)
            raise TableError(f"{exc}; {hint} finds it" if hint else str(exc)) from None
        if first:
            rows = FirstRows(first, columns, signs, layout.dialect, name=self._name)
            rows.check(self._signature, self._words.uncounted().read_cells)
        return columns

    def _chunk(self, part: Parsed) -> tuple[Chunk, list[Reject]]:
        """Return a chunk of some rows, and separately the blank rows at their end."""
        table, lines, rejects = part.table, part.lines, list(part.rejects)
        if not table.num_rows:
            return Chunk(self._name, None, None, (), rejects, as_text=as_cells, columns_of_rejects=self.columns), []
        plain, written, rejected = self._plain(part)
        blank = self._blank_rows(part)
        rejected |= dict.fromkeys(blank.tolist(), ("", "expected a row, got nothing"))
        read = read_columns(self._signature, plain, self._words.read_cells, rejected)
        filled = np.setdiff1d(np.arange(table.num_rows), blank, assume_unique=True)
        last_line = max(int(lines[filled[-1]]) if len(filled) else 0, rejects[-1].line if rejects else 0)
        bad = rejects_of(read.rejected, table, lines, self._name, as_cells)
        ends_in = [reject for reject in bad if reject.line > last_line]
        rejects += [reject for reject in bad if reject.line <= last_line]
        rejects.sort(key=lambda reject: reject.line)
        whole = Chunk(
            self._name, None, plain, lines, rejects, as_text=as_cells, written=written, columns_of_rejects=self.columns
        )
        return readable(self._signature, whole, read), ends_in

    def _plain(self, part: Parsed) -> tuple[pa.RecordBatch, dict[str, AsWritten], RejectedRows]:
        """Return numbers in plain form, how cells were written if the table no longer shows it, and rejected rows."""
        plain, rejected = dict(zip(part.table.schema.names, part.table.columns, strict=True)), RejectedRows()
        written = {name: AsWritten(quoted=mask) for name, mask in part.quoted.items()}
        for feature in self._signature.features:
            cells = part.table.column(feature.name)
            found, reasons = self._style.plain(feature, cells)
            for row, reason in reasons.items():
                rejected.setdefault(row, (feature.name, reason))
            if found is not cells:
                plain[feature.name] = found
                written[feature.name] = replace(written.get(feature.name, AsWritten()), texts=cells)
        return pa.record_batch(plain), written, rejected

    def _blank_rows(self, part: Parsed) -> npt.NDArray[np.intp]:
        """Return the indices of the rows without any value; an empty text in quotes is a value."""
        rows = empty_rows(part.table.columns)
        for mask in part.quoted.values():
            rows = rows[~mask[rows]]
        return rows
