"""A header that is one cell short: R omits the name of the row names, other programs end each row in a delimiter."""

from collections.abc import Sequence
from typing import Final

from foreseen.adapters.tabular.csv.csv_blocks import Block
from foreseen.adapters.tabular.csv.csv_parser import CsvParser
from foreseen.adapters.tabular.csv.csv_special_characters import Signs

_FEWEST: Final = 3
"""Rows that have to be numbered one after the other, or begin with different words, where R quotes neither them nor the
header."""


def with_row_names(names: Sequence[str], header: bytes, block: Block, signs: Signs) -> tuple[str, ...]:
    """Return the names of the columns, with one more without a name if each of the first rows has one more cell.

    It is the first column if that contains names of rows, and the last if that is empty. If both may be, or neither,
    the names are those of the header, and the rows do not fit them.
    """
    is_filled = [bool(block.row(number)) for number in range(len(block.lines))]
    widths = CsvParser(names, signs, name="").other_widths(block)
    if len(widths) < sum(is_filled) or set(widths) != {len(names) + 1}:
        return tuple(names)
    places = [str(place) for place in range(len(names) + 1)]
    table = CsvParser(places, signs, name="").parse(block).table
    first, last = (
        [cell for cell, filled in zip(column.to_pylist(), is_filled, strict=True) if filled]
        for column in (table.column(0), table.column(len(names)))
    )
    is_first = _are_names(first, header, block, signs)
    is_last = not any(last)
    if is_first == is_last:
        return tuple(names)
    return ("", *names) if is_first else (*names, "")


def _are_names(cells: Sequence[str], header: bytes, block: Block, signs: Signs) -> bool:
    """Return whether the first cells of rows may be their names: distinct, and in quotes, numbered, or words."""
    if len(set(cells)) < len(cells):
        return False
    starts = [block.text[start : start + 1] for start in block.edges[:-1]]
    if (
        signs.quote
        and header.startswith(signs.quote)
        and all(start == signs.quote for start in starts if start.strip())
    ):
        return True
    if len(cells) < _FEWEST:
        return False
    if not any(cell[:1].isdigit() or cell[:1] in "+-.," for cell in cells):
        return True
    if not all(cell.isascii() and cell.isdigit() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
