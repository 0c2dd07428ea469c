"""Columns of text as lines of CSV, quoted if necessary."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from foreseen.adapters.tabular.columns.text_buffers import text_bytes
from foreseen.domain.tables.table import Mask
from foreseen.domain.values.shown_value import shown

_NOTHING: Final = ""


class UnquotableError(ValueError):
    """A cell needs quotes or escapes, and neither is used.

    Attributes:
        row: the number of its row.
    """

    def __init__(self, said: str, row: int) -> None:
        super().__init__(said)
        self.row = row


@dataclass(frozen=True, slots=True)
class CsvStyle:
    """How lines are written.

    Attributes:
        delimiter: between two cells.
        quote: around a cell that needs it; empty if there are no quotes.
        escape: before a character that would mean something else; empty if quotes are doubled instead.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""

    @property
    def missing_word(self) -> str:
        """MySQL's word for a missing value, which is not escaped; empty without an escape."""
        return f"{self.escape}N" if self.escape else ""

    def written(self, cells: pa.Array, quoted: Mask | None) -> pa.Array:
        """Return cells as they are written, the same object if none changes.

        Args:
            quoted: which of them get quotes whatever they contain; None for none.
        Raises:
            UnquotableError: a cell cannot be written without quotes and escapes.
        """
        quoted = quoted if self.quote or self.escape else None
        data = text_bytes(cells)
        special = [each for each in (self.delimiter, "\r", "\n", self.quote, self.escape) if each]
        if quoted is None and not any(each.encode() in data for each in special):
            return cells
        needs = pc.match_substring_regex(cells, "[" + "".join(map(re.escape, special)) + "]")
        if self.escape:
            needs = pc.and_(needs, pc.not_equal(cells, self.missing_word))
        needs = needs if quoted is None else pc.or_(needs, pa.array(quoted))
        if self.quote:
            inner = self._escaped(cells, [self.quote, self.escape]) if self.escape else self._doubled(cells)
            return pc.if_else(needs, pc.binary_join_element_wise(self.quote, inner, self.quote, _NOTHING), cells)
        if not self.escape:
            self._check(cells, needs)
            return cells
        return pc.if_else(needs, self._escaped(cells, special), cells)

    def _doubled(self, cells: pa.Array) -> pa.Array:
        return pc.replace_substring(cells, self.quote, self.quote * 2)

    def _escaped(self, cells: pa.Array, special: Sequence[str]) -> pa.Array:
        form = "([" + "".join(map(re.escape, special)) + "])"
        return pc.replace_substring_regex(cells, form, self.escape.replace("\\", r"\\") + r"\1")

    def _check(self, cells: pa.Array, needs: pa.Array) -> None:
        row = pc.index(needs, True).as_py()
        if row >= 0:
            expected = f"expected cells without {shown(self.delimiter)} and line ends, as there are no quotes"
            hint = "--quote, --escape or another output format writes it"
            raise UnquotableError(f"{expected}, got {shown(cells[row].as_py())}; {hint}", row)


PLAIN: Final = CsvStyle()


def csv_lines(columns: list[pa.Array], style: CsvStyle = PLAIN, *, quoted: Sequence[Mask | None] = ()) -> bytes:
    """Return a line for each row; a null is an empty cell.

    Args:
        quoted: for each column, which cells get quotes whatever they contain; empty for none.
    Raises:
        UnquotableError: a cell cannot be written without quotes and escapes.
    """
    if len(columns) == 1:
        # Programs do not read an empty line as a row.
        is_nothing = pc.equal(pc.fill_null(columns[0], _NOTHING), _NOTHING)
        return _joined([pc.if_else(is_nothing, style.quote * 2, style.written(columns[0], None))], style)
    masks = quoted or [None] * len(columns)
    written = [style.written(column, mask) for column, mask in zip(columns, masks, strict=True)]
    if any(one is not other for one, other in zip(written, columns, strict=True)):
        return _joined(written, style)
    return _plain(columns, style)


def csv_line(cells: list[str], style: CsvStyle = PLAIN) -> bytes:
    """Return one line."""
    return csv_lines([pa.array([cell], pa.string()) for cell in cells], style)


def _joined(columns: list[pa.Array], style: CsvStyle) -> bytes:
    *others, last = (pc.fill_null(column, _NOTHING) for column in columns)
    ended = pc.binary_join_element_wise(last, "\n", _NOTHING)
    lines = pc.binary_join_element_wise(*others, ended, style.delimiter) if others else ended
    return text_bytes(lines)


def _plain(columns: list[pa.Array], style: CsvStyle) -> bytes:
    """Write cells that need no quotes, in the fastest way."""
    table = pa.record_batch(columns, names=[str(place) for place in range(len(columns))])
    out = pa.BufferOutputStream()
    try:
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none", delimiter=style.delimiter)
        pyarrow.csv.write_csv(table, out, options)
    except pa.ArrowInvalid:  # it contains what would need quotes if the quote were the usual one
        return _joined(columns, style)
    return out.getvalue().to_pybytes()  # type: ignore[no-any-return]
