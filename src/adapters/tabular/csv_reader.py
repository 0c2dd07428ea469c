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

from foreseen.adapters.tabular.csv_columns import read_column
from foreseen.adapters.tabular.csv_lines import LineNumbers
from foreseen.domain.batch import Batch
from foreseen.domain.errors import TableError
from foreseen.domain.near import near_hint
from foreseen.domain.signature import Signature
from foreseen.domain.table import Chunk, Reject

CHUNK_ROWS: Final = 8192
_BLOCK_BYTES: Final = 1 << 20
_ROWS_A_BLOCK: Final = 4
"""Rows of the longest kind that a block has room for: pyarrow takes none that lies in three blocks."""
_NUMBER_BYTES: Final = 32
"""What a number of a tensor may take as text."""
_HEADER_LIMIT: Final = 1 << 24
_BOM: Final = b"\xef\xbb\xbf"


class CsvReader:
    """Reads UTF-8 with a header line, commas, and quotes where needed; columns in any order, more than the model takes.

    Every cell is kept as the text it is, so that what is written beside a prediction is what was read.
    """

    def __init__(self, stream: BinaryIO, *, name: str, signature: Signature) -> None:
        """Read the header of a stream; `name` stands for it in errors.

        Raises:
            TableError: no header, a feature without a column, or a column twice.
        """
        self._raw = _Counted(stream)
        self._block_bytes = max(_BLOCK_BYTES, _ROWS_A_BLOCK * sum(f.size * _NUMBER_BYTES for f in signature.features))
        self._stream = io.BufferedReader(self._raw, self._block_bytes)
        self._signature = signature
        self._name = name
        self.columns, header_lines = self._header()
        self._check_columns()
        self._numbers = LineNumbers(name, header_lines + 1)

    @property
    def bytes_read(self) -> int:
        """How far reading has come in the file."""
        return self._raw.count

    def __iter__(self) -> Iterator[Chunk]:
        """Go through the rows; lines without any value at the very end are no rows."""
        blank: list[Reject] = []
        for record_batch in self._record_batches():
            for start in range(0, record_batch.num_rows, CHUNK_ROWS):
                chunk, ends_in = self._chunk(record_batch.slice(start, CHUNK_ROWS))
                if chunk.batch is None and not chunk.rejects:  # blank as a whole
                    blank += ends_in
                    continue
                yield replace(chunk, rejects=[*blank, *chunk.rejects])
                blank = ends_in
        if rest := self._numbers.rest():
            yield Chunk(self._name, None, None, (), [*blank, *rest])

    def _header(self) -> tuple[tuple[str, ...], int]:
        try:
            raw = self._stream.readline(_HEADER_LIMIT)
            while raw.count(b'"') % 2 and (more := self._stream.readline(_HEADER_LIMIT)):
                raw += more  # a quoted name that holds a newline
            text = raw.removeprefix(_BOM).decode()
        except UnicodeDecodeError:
            raise TableError(f"{self._name}: expected UTF-8, got other bytes in line 1") from None
        except OSError as exc:
            raise TableError(f"{self._name}: cannot be read: {exc.strerror or exc}") from exc
        names = self._split(text.rstrip("\r\n"))
        if not any(names):
            raise TableError(f"{self._name}: expected a header line with the columns' names, got nothing")
        return tuple(names), max(1, raw.count(b"\n"))

    def _split(self, header: str) -> list[str]:
        try:
            return next(csv.reader([header]), [])
        except csv.Error as exc:
            raise TableError(f"{self._name}: expected a header line with the columns' names: {exc}") from exc

    def _check_columns(self) -> None:
        twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if twice:
            raise TableError(f"{self._name}: expected each column once, got {twice[0]!r} twice")
        for name in self._signature.names:
            if name not in self.columns:
                hint = near_hint(name, set(self.columns) - set(self._signature.names))
                got = f"expected a column {name!r}, got {', '.join(self.columns)}"
                raise TableError(f"{self._name}: {got}" + (f"; {hint}" if hint else ""))

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
                    newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=self._set_aside
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(self.columns, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as exc:
            raise TableError(f"{self._name}: expected a CSV file in UTF-8: {str(exc).splitlines()[0]}") from exc
        except OSError as exc:
            raise TableError(f"{self._name}: cannot be read: {exc.strerror or exc}") from exc

    def _set_aside(self, row: Any) -> str:
        self._numbers.set_aside(
            row.number, row.text, f"expected {row.expected_columns} cells, got {row.actual_columns}"
        )
        return "skip"

    def _chunk(self, table: pa.RecordBatch) -> tuple[Chunk, list[Reject]]:
        """Make a chunk of some rows; the blank ones that they end in are given apart."""
        lines, rejects = self._numbers.place(_newlines(table))
        columns, refused = self._read(table)
        blank = set(_blank(table))
        refused |= dict.fromkeys(blank, ("", "expected a row, got nothing"))
        rows = [
            (row, Reject(self._name, lines[row], column, reason, _as_text(table, row)))
            for row, (column, reason) in refused.items()
        ]
        filled = [reject.line for reject in rejects] + [lines[row] for row in range(table.num_rows) if row not in blank]
        last_line = max(filled, default=0)
        rejects += [reject for _, reject in rows if reject.line <= last_line]
        ends_in = [reject for _, reject in rows if reject.line > last_line]
        rejects.sort(key=lambda reject: reject.line)
        kept = [row for row in range(table.num_rows) if row not in refused]
        if not kept:
            return Chunk(self._name, None, None, (), rejects), ends_in
        whole = Chunk(self._name, Batch.of(self._signature, columns), table, lines, rejects)
        return whole if len(kept) == table.num_rows else replace(whole.take(kept), rejects=rejects), ends_in

    def _read(self, table: pa.RecordBatch) -> tuple[dict[str, Any], dict[int, tuple[str, str]]]:
        """Read each feature's cells; a refused row is refused for its first column at fault."""
        columns: dict[str, Any] = {}
        refused: dict[int, tuple[str, str]] = {}
        for feature in self._signature.features:
            values, reasons = read_column(feature, table.column(feature.name))
            columns[feature.name] = values
            refused = {row: (feature.name, reason) for row, reason in reasons.items()} | refused
        return columns, refused


class _Counted(io.RawIOBase):
    """A stream that knows how much was read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self.count += len(data)
        return len(data)


def _newlines(table: pa.RecordBatch) -> list[int]:
    """Count the newlines within each row's cells."""
    counts = np.zeros(table.num_rows, dtype=np.int64)
    for column in table.columns:
        counts += pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
    return [int(count) for count in counts]


def _blank(table: pa.RecordBatch) -> list[int]:
    """Number the rows that hold nothing: empty lines, and lines of commas alone."""
    empty = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        empty &= pc.equal(column, "").to_numpy(zero_copy_only=False)
    return [int(row) for row in np.flatnonzero(empty)]


def _as_text(table: pa.RecordBatch, row: int) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([column[row].as_py() for column in table.columns])
    return text.getvalue().removesuffix("\r\n")
