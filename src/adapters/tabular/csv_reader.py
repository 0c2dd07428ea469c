"""CsvReader: a CSV file as chunks of instances, rows that cannot be read set aside with their line."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from foreseen.adapters.tabular.cells import empty_rows, text_bytes
from foreseen.adapters.tabular.csv_lines import Counts, LineNumbers
from foreseen.adapters.tabular.layout import Layout
from foreseen.adapters.tabular.missing_words import MissingWords
from foreseen.adapters.tabular.readable import check_columns, read_columns, readable, rejects_of
from foreseen.adapters.tabular.slices import even_slices, gathered
from foreseen.adapters.tabular.text_source import TextSource
from foreseen.domain.errors import TableError
from foreseen.domain.signature import Signature
from foreseen.domain.table import Chunk, Reject, as_cells

_BLOCK_BYTES: Final = 1 << 20
"""What is parsed at once. pyarrow reads 32 of them ahead, whatever it is told: larger ones would be all the memory."""
_BLOCKS_A_CHUNK: Final = 4
_ROWS_A_BLOCK: Final = 4
"""Rows of the longest kind that a block has room for: pyarrow takes none that lies in three blocks."""
_NUMBER_BYTES: Final = 32
"""What a number of a tensor may take as text."""
_HEADER_LIMIT: Final = 1 << 24
_PLAIN: Final = Layout("csv", None, ",", '"', "utf-8")


class CsvReader:
    """Reads text with a header line, and quotes where needed; columns in any order, more than the model takes.

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
    ) -> None:
        """Read the header of a stream; `name` stands for it in errors.

        Args:
            words: those that stand for a missing value; None for an empty cell alone.
        Raises:
            TableError: no header, a feature without a column, or a column twice.
        """
        self._text = TextSource(stream, name=name, encoding=layout.encoding, quote=layout.quote)
        self._block_bytes = max(_BLOCK_BYTES, _ROWS_A_BLOCK * sum(f.size * _NUMBER_BYTES for f in signature.features))
        self._stream = io.BufferedReader(self._text, self._block_bytes)
        self._signature = signature
        self._name = name
        self._layout = layout
        self._words = words or MissingWords(())
        self._last_line = 0
        self.columns, header_lines = self._header()
        check_columns(self.columns, signature, name)
        self._numbers = LineNumbers(name, header_lines + 1)

    @property
    def schema(self) -> pa.Schema:
        """Text, all of it."""
        return pa.schema([(column, pa.string()) for column in self.columns])

    @property
    def bytes_read(self) -> int:
        """How far reading has come in the file."""
        return self._text.bytes_read

    def __iter__(self) -> Iterator[Chunk]:
        """Go through the rows; lines without any value at the very end are no rows."""
        blank: list[Reject] = []
        last: pa.RecordBatch | None = None
        for record_batch in gathered(self._record_batches(), most=_BLOCKS_A_CHUNK):
            for part in even_slices(record_batch):
                last = part
                chunk, ends_in = self._chunk(part)
                if chunk.batch is None and not chunk.rejects:  # blank as a whole
                    blank += ends_in
                    continue
                yield replace(chunk, rejects=[*blank, *chunk.rejects]) if blank else chunk
                blank = ends_in
        rest = self._numbers.rest()
        self._check_end(last, rest)
        if rest:
            yield Chunk(self._name, None, None, (), [*blank, *rest])

    def _header(self) -> tuple[tuple[str, ...], int]:
        quote = self._layout.quote.encode()
        raw = self._stream.readline(_HEADER_LIMIT)
        while raw.count(quote) % 2 and (more := self._stream.readline(_HEADER_LIMIT)):
            raw += more  # a quoted name that holds a newline
        names = self._split(raw.decode(errors="replace").rstrip("\r\n"))
        if not any(names):
            raise TableError(f"{self._name}: expected a header line with the columns' names, got nothing")
        return tuple(names), max(1, raw.count(b"\n"))

    def _split(self, header: str) -> list[str]:
        try:
            return next(csv.reader([header], delimiter=self._layout.delimiter, quotechar=self._layout.quote), [])
        except csv.Error as exc:
            raise TableError(f"{self._name}: expected a header line with the columns' names: {exc}") from exc

    def _record_batches(self) -> Iterator[pa.RecordBatch]:
        try:
            if not self._stream.peek(1):
                return  # pyarrow takes no empty file
            yield from pyarrow.csv.open_csv(
                self._stream,
                read_options=pyarrow.csv.ReadOptions(
                    use_threads=False,  # else rows set aside come without their number
                    block_size=self._block_bytes,
                    column_names=self.columns,
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=self._layout.delimiter,
                    quote_char=self._layout.quote,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=self._set_aside,
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(self.columns, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as exc:
            raise TableError(self._worded(str(exc).splitlines()[0])) from exc

    def _worded(self, said: str) -> str:
        if "straddling" in said:
            expected = f"rows of at most {self._block_bytes >> 20} MiB, and each quote closed"
            return f"{self._name}: expected {expected}, got a longer row after line {self._numbers.line - 1}"
        return f"{self._name}: expected a CSV file: {said}"

    def _check_end(self, last: pa.RecordBatch | None, rest: list[Reject]) -> None:
        """Refuse a file that was cut off within quotes: pyarrow takes what is there for the whole cell."""
        if self._text.quotes % 2 == 0:
            return
        quote, tail = self._layout.quote, self._text.tail
        if rest:
            line, is_open = rest[-1].line, rest[-1].row.count(quote) % 2 == 1
        elif last is not None:
            cell = quote + last.column(last.num_columns - 1)[-1].as_py().replace(quote, quote * 2)
            line, is_open = self._last_line, tail.endswith(cell.encode()[-len(tail) :])
        else:
            return
        if is_open:
            raise TableError(f"{self._name}: line {line}: expected a closing {quote}, got the end of the file")

    def _set_aside(self, row: Any) -> str:
        self._numbers.set_aside(
            row.number, row.text, f"expected {row.expected_columns} cells, got {row.actual_columns}"
        )
        return "skip"

    def _chunk(self, table: pa.RecordBatch) -> tuple[Chunk, list[Reject]]:
        """Make a chunk of some rows; the blank ones that they end in are given apart."""
        lines, rejects = self._numbers.place(table.num_rows, _newlines(table))
        self._last_line = int(lines[-1])
        blank = empty_rows(table.columns)
        refused = dict.fromkeys(map(int, blank), ("", "expected a row, got nothing"))
        read = read_columns(self._signature, table, self._words.read_cells, refused)
        is_filled = np.ones(table.num_rows, dtype=bool)
        is_filled[blank] = False
        filled = np.flatnonzero(is_filled)
        last_line = max(int(lines[filled[-1]]) if len(filled) else 0, rejects[-1].line if rejects else 0)
        bad = rejects_of(read.refused, table, lines, self._name, as_cells)
        ends_in = [reject for reject in bad if reject.line > last_line]
        rejects += [reject for reject in bad if reject.line <= last_line]
        rejects.sort(key=lambda reject: reject.line)
        return readable(self._signature, Chunk(self._name, None, table, lines, rejects), read), ends_in


def _newlines(table: pa.RecordBatch) -> Counts | None:
    """Count the newlines within each row's cells; None where there are none at all."""
    counts: Counts | None = None
    for column in table.columns:
        if b"\n" in text_bytes(column):
            found = pc.count_substring(column, "\n").to_numpy().astype(np.int64)
            counts = found if counts is None else counts + found
    return counts
