"""Checks whether the first rows of a CSV file are written as the options say.

If they are not, the run ends before anything is scored, and the error names the option that reads the file.
"""

import re
import shlex
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.written_numbers import NumberStyle
from foreseen.adapters.tabular.csv.csv_blocks import Block
from foreseen.adapters.tabular.csv.csv_header import DELIMITERS, delimiter_option
from foreseen.adapters.tabular.csv.csv_parser import CsvParser, Parsed
from foreseen.adapters.tabular.csv.csv_special_characters import Signs
from foreseen.adapters.tabular.csv.csv_swallowed_rows import rows_of_rows, swallowing_rows
from foreseen.domain.errors import TableError
from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.values.shown_value import shown
from foreseen.domain.values.signature import DATETIMES, Feature, Signature

FIRST_ROWS: Final = 1000
_FEW: Final = 10
_SHARE: Final = 0.1
"""A column is suspected if all of its cells are rejected, or at least that many and that share of them."""
_MOST: Final = 0.99
"""The share of rejected cells that another way of writing has to explain."""

Read = Callable[[Feature, pa.Array], tuple[object, dict[int, str]]]
_STYLES: Final = (
    (NumberStyle(thousands=","), "--thousands ,"),
    (NumberStyle(","), "--decimal ,"),
    (NumberStyle(",", "."), "--decimal , --thousands ."),
    (NumberStyle(thousands=" "), "--thousands ' '"),
    (NumberStyle(",", " "), "--decimal , --thousands ' '"),
    (NumberStyle(thousands="'"), '--thousands "\'"'),
)


class FirstRows:
    """Checks some rows against the options that they are read with."""

    def __init__(self, block: Block, names: Sequence[str], signs: Signs, dialect: CsvDialect, *, name: str) -> None:
        """Accept the rows, the names of their columns, and the options; `name` is that of the file in errors."""
        self._block = block
        self._names = names
        self._signs = signs
        self._dialect = dialect
        self._name = name

    @property
    def _first_line(self) -> int:
        return int(self._block.lines[0])

    def check(self, signature: Signature, read: Read) -> None:
        """Check the rows.

        Raises:
            TableError: the rows are written in another way.
        """
        self._check_widths()
        rows = CsvParser(self._names, self._signs, name=self._name).parse(self._block)
        if not self._dialect.is_quote_chosen:
            self._check_swallowed()
            self._check_blanks(rows)
        if self._dialect.decimal is None:
            for feature in signature.features:
                if not feature.shape and feature.dtype not in {"string", "bool"} | DATETIMES:
                    self._check_numbers(feature, rows, read)

    def _check_widths(self) -> None:
        """Raise TableError if most rows have other numbers of cells than the header; name the delimiter that fits."""
        width, count = len(self._names), len(self._block.lines)
        widths = CsvParser(self._names, self._signs, name=self._name).other_widths(self._block)
        if len(widths) <= count / 2:
            return
        expected = f"rows of {width} cells, as the header has, got {widths[0]}"
        for delimiter in DELIMITERS:
            signs = Signs(delimiter, self._signs.quote, self._signs.escape)
            if width > 1 and not CsvParser(self._names, signs, name=self._name).other_widths(self._block):
                raise self._error(self._first_line, f"{expected}; {delimiter_option(delimiter)} reads them")
        if len(widths) == count >= _FEW and len(set(widths)) == 1:
            raise self._error(self._first_line, f"{expected} in each of the first {count:,}")

    def _check_swallowed(self) -> None:
        """Raise TableError for cells in quotes that have swallowed rows."""
        width = len(self._names)
        alike = rows_of_rows(self._block, self._signs, width)
        are_all = width > 2 and 1 < len(alike) == np.count_nonzero(self._block.heights > 1)
        rows = alike if are_all else swallowing_rows(self._block, self._signs, width)
        if rows:
            got = f"one over {self._block.heights[rows[0]]} lines that each have {width} cells"
            raise self._error(
                int(self._block.lines[rows[0]]),
                f"a cell in quotes, got {got}; --quote none reads quotes as ordinary characters, "
                f"--quote {shlex.quote(self._signs.quote.decode())} takes them as they are",
            )

    def _check_blanks(self, rows: Parsed) -> None:
        """Raise TableError if most rows have blanks between a delimiter and a quote, which then quotes nothing."""
        if self._dialect.trim or not self._signs.quote:
            return
        form = f"^[ \t]+{re.escape(self._signs.quote.decode())}"
        found = sum(pc.sum(pc.match_substring_regex(cells, form)).as_py() or 0 for cells in rows.table.columns)
        if found > len(self._block.lines) / 2:
            raise self._error(
                self._first_line, "quotes next to their delimiters, got blanks between; --trim removes them"
            )

    def _check_numbers(self, feature: Feature, rows: Parsed, read: Read) -> None:
        cells = rows.table.column(feature.name)
        rejected = sorted(_rejected(feature, cells, NumberStyle.of(self._dialect), read))
        given = np.count_nonzero([bool(cell) for cell in cells.to_pylist()])
        if not rejected or (len(rejected) < given and len(rejected) < max(_FEW, given * _SHARE)):
            return
        bad = cells.take(pa.array(rejected))
        fitting = [option for style, option in _STYLES if _fits(feature, bad, style, read)]
        options = [one for one in fitting if not any(one != other and other in one for other in fitting)]
        if options:
            got = f"{shown(bad[0].as_py())}, and similar values in {len(rejected):,} of the first {len(cells):,} rows"
            hint = f"{' or '.join(options)} reads them, --decimal . rejects them"
            raise self._error(
                int(rows.lines[rejected[0]]), f"numbers such as 1234.5 in column {feature.name!r}, got {got}; {hint}"
            )

    def _error(self, line: int, expected: str) -> TableError:
        return TableError(f"{self._name}: line {line}: expected {expected}")


def _fits(feature: Feature, bad: pa.Array, style: NumberStyle, read: Read) -> bool:
    """Return whether a style reads cells that another does not."""
    if style.plain(feature, bad)[0] is bad:
        return False
    return len(_rejected(feature, bad, style, read)) <= (1 - _MOST) * len(bad)


def _rejected(feature: Feature, cells: pa.Array, style: NumberStyle, read: Read) -> set[int]:
    """Return the indices of the rejected cells."""
    plain, rejected = style.plain(feature, cells)
    return {*rejected, *read(feature, plain)[1]}
