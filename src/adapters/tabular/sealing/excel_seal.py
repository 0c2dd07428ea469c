"""Rows as an Excel workbook of one sheet; the same rows are the same bytes, whenever they are written."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import starmap
from typing import IO, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pyarrow as pa
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE

from foreseen.adapters.tabular.columns.columns_as_text import as_cells_of_text
from foreseen.adapters.tabular.parquet.parquet_seal import whole_groups
from foreseen.adapters.tabular.sealing.excel_limits import MOST_ROWS, too_many_rows
from foreseen.domain.errors import TableError
from foreseen.domain.values.signature import MAX_EXACT_INTEGER

_EXACT_DIGITS: Final = 15
_FIRST_YEAR: Final = 1900
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can store."""
_MOMENT: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_PROPERTIES: Final = "docProps/core.xml"
_UNKNOWN: Final = "\N{REPLACEMENT CHARACTER}"


def seal_excel(spool: BinaryIO, out: BinaryIO) -> None:
    """Write the rows of a stream; raise TableError as `whole_groups`, and if they do not fit in a sheet."""
    schema, groups = whole_groups(spool)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.append(list(map(_shown, schema.names)))
    rows = 0
    for group in groups:
        rows += group.num_rows
        if rows > MOST_ROWS:  # in a resumed run, which has counted only its own rows
            raise TableError(too_many_rows(MOST_ROWS))
        for row in _rows(group):
            sheet.append([_cell(sheet, value) for value in row])
    # Through a temporary file: writing an archive goes back to its beginning, and the output can only be appended to.
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as copy:
        book.save(file)
        _copy_without_clock(file, copy)
        copy.seek(0)
        shutil.copyfileobj(copy, out, 1 << 20)


def _rows(group: pa.Table) -> Iterator[tuple[object, ...]]:
    return zip(*map(_values, group.columns), strict=True)


def _values(column: pa.ChunkedArray) -> list[object]:
    """Return the values to write for a column: unchanged if Excel has such values, otherwise as text."""
    kind = column.type
    has_values = (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_date(kind)
        or (pa.types.is_timestamp(kind) and kind.tz is None)
    )
    texts = [text for chunk in column.chunks for text in as_cells_of_text(chunk).to_pylist()]
    if not has_values:
        return texts
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us"), safe=False)  # a workbook holds milliseconds at best
    return list(starmap(_held, zip(column.to_pylist(), texts, strict=True)))


def _held(value: object, text: str | None) -> object:
    """Return a value if a workbook can hold it exactly, otherwise its text."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) <= MAX_EXACT_INTEGER else text
        case float():
            return value if value - value == 0 else text  # neither infinite nor NaN
        case Decimal():
            return value if len(value.as_tuple().digits) <= _EXACT_DIGITS else text
        case datetime() | date():
            return value if value.year >= _FIRST_YEAR else text
    return text


def _cell(sheet: object, value: object) -> object:
    """Return a value to write: numbers with all of their digits, text as text whatever it looks like."""
    if isinstance(value, float) and float(f"{value:.16g}") != value:  # openpyxl's format of numbers
        return _typed(sheet, repr(value), "n")
    if not isinstance(value, str):
        return value
    text = _shown(value)
    return _typed(sheet, text, "s") if text.startswith("=") or text in ERROR_CODES else text


def _typed(sheet: object, text: str, kind: str) -> object:
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = kind
    return cell


def _shown(text: str) -> str:
    return str(ILLEGAL_CHARACTERS_RE.sub(_UNKNOWN, text))


def _copy_without_clock(book: IO[bytes], out: BinaryIO) -> None:
    """Copy an archive with a constant in place of its times."""
    with ZipFile(book) as made, ZipFile(out, "w", ZIP_DEFLATED) as copy:
        for part in made.infolist():
            info = ZipInfo(part.filename, _EPOCH)
            info.compress_type = ZIP_DEFLATED
            with made.open(part) as source, copy.open(info, "w", force_zip64=True) as target:
                if part.filename == _PROPERTIES:
                    target.write(_MOMENT.sub(rb"\g<1>1980-01-01T00:00:00Z", source.read()))
                else:
                    shutil.copyfileobj(source, target, 1 << 20)
