"""A sheet of an Excel workbook: its first row names the columns, whose types are those of their cells."""

import warnings
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final

import pyarrow as pa

from foreseen.adapters.tabular.csv.csv_header import column_names
from foreseen.adapters.tabular.reading.typed_reader import TypedRows
from foreseen.adapters.tabular.sources.loose_columns import LooseColumn
from foreseen.domain.errors import TableError

if TYPE_CHECKING:
    from openpyxl import Workbook

BLOCK_ROWS: Final = 8192
_INSTALL: Final = "install foreseen[excel], or save it as CSV"


class ExcelRows(TypedRows):
    """The cells of one sheet, all read at once: its end and its columns' types are known only then."""

    is_typed = False
    first_line = 2

    def __init__(
        self, stream: BinaryIO, *, name: str, sheet: str | None = None, features: Collection[str] = ()
    ) -> None:
        """Read a sheet, the first if none is named.

        Args:
            features: names of the features, by which columns without a name, or with the same, are named as in CSV.
        Raises:
            TableError: there is no such sheet, no header, or no library to read it.
            OSError: the workbook is damaged.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about parts of a workbook that are not cells
            book = _opened(stream, name)
            try:
                names, columns = _read(_cells(book, name, sheet))
            finally:
                book.close()
        if not any(names):
            raise TableError(f"{name}: expected a first row with the columns' names, got nothing")
        names = list(column_names(names, features, trim=False, name=name))
        settled = [column.settled() for column in columns[: len(names)]]
        self._size = stream.seek(0, 2)
        self._table = pa.table(settled, names=names)
        self.schema = self._table.schema
        self._read = 0

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, estimated from the rows."""
        return int(self._size * self._read // max(1, self._table.num_rows))

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows."""
        for batch in self._table.select(list(columns)).to_batches(max_chunksize=BLOCK_ROWS):
            self._read += batch.num_rows
            yield batch


def _opened(stream: BinaryIO, name: str) -> "Workbook":
    try:
        from openpyxl import load_workbook  # noqa: PLC0415 - an extra
    except ImportError:
        raise TableError(
            f"{name}: expected openpyxl to read an Excel workbook, got no such library; {_INSTALL}"
        ) from None
    try:
        return load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except Exception as exc:
        raise OSError(f"{type(exc).__name__}: {exc}") from exc


def _cells(book: "Workbook", name: str, sheet: str | None) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a sheet."""
    sheets = {one.title: one for one in book.worksheets}
    if sheet is not None and sheet not in sheets:
        raise TableError(f"{name}: expected a sheet {sheet!r}, got {', '.join(map(repr, sheets))}")
    if not sheets:
        raise TableError(f"{name}: expected a sheet of rows, got a workbook without one")
    chosen = sheets[sheet] if sheet is not None else next(iter(sheets.values()))
    chosen.reset_dimensions()  # many programs write wrong ones
    try:
        yield from chosen.iter_rows(values_only=True)
    except TableError:
        raise
    except Exception as exc:
        raise OSError(f"{type(exc).__name__}: {exc}") from exc


def _read(rows: Iterator[tuple[object, ...]]) -> tuple[list[str], list[LooseColumn]]:
    """Return the names of the columns, and their values without the empty rows at the end."""
    names = _names(next(rows, ()))
    columns = [LooseColumn() for _ in names]
    blank = 0
    while block := list(islice(rows, BLOCK_ROWS)):
        kept: list[tuple[object, ...]] = []
        for row in block:
            if any(cell is not None for cell in row):
                kept += [()] * blank
                kept.append(row)
                blank = 0
            else:
                blank += 1
        for place, column in enumerate(columns):
            column.add([_value(row[place]) if place < len(row) else None for row in kept])
    return names, columns


def _names(header: Sequence[object]) -> list[str]:
    names = ["" if cell is None else str(cell) for cell in header]
    while names and not names[-1]:
        names.pop()
    return names


def _value(cell: object) -> object:
    """Return a cell as a column's value: a time of day, or a duration, is text."""
    if cell is None or isinstance(cell, bool | int | float | str | datetime):
        return cell
    return datetime(cell.year, cell.month, cell.day) if isinstance(cell, date) else str(cell)  # noqa: DTZ001 - it has none
