"""Columns of text as lines of CSV, quoted where they need it."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from foreseen.adapters.tabular.cells import text_bytes

_NOTHING: Final = ""


def csv_lines(columns: list[pa.Array], *, delimiter: str = ",", quote: str = '"') -> bytes:
    """Give a line for each row; a null is an empty cell."""
    if len(columns) == 1:
        # A line without anything is no row to whoever reads it.
        columns = [pc.if_else(pc.equal(pc.fill_null(columns[0], _NOTHING), _NOTHING), quote * 2, columns[0])]
        return _joined(columns, delimiter)
    special = [each.encode() for each in (delimiter, quote, "\r", "\n")]
    quoted = [_quoted(column, special, delimiter, quote) for column in columns]
    if any(one is not other for one, other in zip(quoted, columns, strict=True)):
        return _joined(quoted, delimiter)
    return _plain(columns, delimiter)


def csv_line(cells: list[str], *, delimiter: str = ",", quote: str = '"') -> bytes:
    """Give one line."""
    return csv_lines([pa.array([cell], pa.string()) for cell in cells], delimiter=delimiter, quote=quote)


def _quoted(column: pa.Array, special: list[bytes], delimiter: str, quote: str) -> pa.Array:
    data = text_bytes(column)
    if not any(each in data for each in special):
        return column
    needs = pc.match_substring_regex(column, f"[{re.escape(delimiter)}{re.escape(quote)}\r\n]")
    doubled = pc.replace_substring(column, quote, quote * 2)
    return pc.if_else(needs, pc.binary_join_element_wise(quote, doubled, quote, _NOTHING), column)


def _joined(columns: list[pa.Array], delimiter: str) -> bytes:
    *others, last = (pc.fill_null(column, _NOTHING) for column in columns)
    ended = pc.binary_join_element_wise(last, "\n", _NOTHING)
    lines = pc.binary_join_element_wise(*others, ended, delimiter) if others else ended
    return text_bytes(lines)


def _plain(columns: list[pa.Array], delimiter: str) -> bytes:
    """Write what needs no quotes: the quickest there is."""
    table = pa.record_batch(columns, names=[str(place) for place in range(len(columns))])
    out = pa.BufferOutputStream()
    try:
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none", delimiter=delimiter)
        pyarrow.csv.write_csv(table, out, options)
    except pa.ArrowInvalid:  # it holds what would need quotes if the quote were the usual one
        return _joined(columns, delimiter)
    return out.getvalue().to_pybytes()  # type: ignore[no-any-return]
