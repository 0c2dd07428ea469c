"""Cells as people write them, in the form that is read everywhere: a decimal point, no groups, no blanks around."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.text_buffers import text_bytes
from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.values.shown_value import shown
from foreseen.domain.values.signature import DATETIMES, Feature

_BLANKS: Final = " \t"
_ALIKE: Final = {" ": " \u00a0\u202f", "'": "'\u2019"}
"""Characters that people or programs write in place of the one that is easily typed."""
_POINTED: Final = r"^[+-]?[0-9]*\.[0-9]*([eE][+-]?[0-9]+)?$"


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How numbers are written.

    Attributes:
        decimal: the decimal mark.
        thousands: the separator of groups of digits; empty for no groups.
        trim: whether blanks around a text are removed; around anything else they always are.
    """

    decimal: str = "."
    thousands: str = ""
    trim: bool = False

    @classmethod
    def of(cls, dialect: CsvDialect) -> "NumberStyle":
        """Return the style of a dialect."""
        return cls(dialect.decimal or ".", dialect.thousands or "", dialect.trim)

    def plain(self, feature: Feature, cells: pa.Array) -> tuple[pa.Array, dict[int, str]]:
        """Return cells of a feature in plain form; those that are not numbers are unchanged.

        Returns:
            The cells, the same object if none changes, and reasons for those that would be read as another number.
        """
        if feature.shape:
            return cells, {}
        if self.trim or feature.dtype != "string":
            cells = _trimmed(cells)
        if feature.dtype in {"string", "bool"} | DATETIMES or (self.decimal == "." and not self.thousands):
            return cells, {}
        return self._plain_numbers(cells)

    def _plain_numbers(self, cells: pa.Array) -> tuple[pa.Array, dict[int, str]]:
        is_styled = pc.match_substring_regex(cells, self._form)
        rejected = {}
        if self.decimal != ".":
            pointed = pc.and_not(pc.match_substring_regex(cells, _POINTED), is_styled).to_numpy(zero_copy_only=False)
            expected = f"expected a number with {shown(self.decimal)} before its fraction"
            rejected = {int(row): f"{expected}, got {shown(cells[row].as_py())}" for row in np.flatnonzero(pointed)}
        if not pc.any(is_styled, min_count=0).as_py():
            return cells, rejected
        plain = cells
        if self.thousands:
            plain = pc.replace_substring_regex(plain, self._group, "")
        if self.decimal != ".":
            plain = pc.replace_substring(plain, self.decimal, ".")
        return pc.if_else(is_styled, plain, cells), rejected

    @property
    def _form(self) -> str:
        """The pattern of a number that is not in plain form."""
        fraction = f"({re.escape(self.decimal)}[0-9]*)"
        grouped = (
            f"[0-9]{{1,3}}({self._group}[0-9]{{2,3}})*{self._group}[0-9]{{3}}{fraction}?" if self.thousands else ""
        )
        other = f"[0-9]*{fraction}" if self.decimal != "." else ""
        return f"^[+-]?({'|'.join(filter(None, (grouped, other)))})([eE][+-]?[0-9]+)?$"

    @property
    def _group(self) -> str:
        return "[" + "".join(map(re.escape, _ALIKE.get(self.thousands, self.thousands))) + "]"


def _trimmed(cells: pa.Array) -> pa.Array:
    data = text_bytes(cells)
    if not any(blank.encode() in data for blank in _BLANKS):
        return cells
    trimmed = pc.ascii_trim(cells, _BLANKS)
    return cells if trimmed.equals(cells) else trimmed
