"""Cells in quotes that have swallowed rows, as a cell that begins with an ordinary quote does."""

from typing import Final

import numpy as np

from foreseen.adapters.tabular.csv.csv_blocks import Block
from foreseen.adapters.tabular.csv.csv_special_characters import Signs, quoted_cells

SWALLOWED: Final = (
    "expected a cell in quotes, got one over lines that are rows by themselves; "
    "--quote none reads quotes as ordinary characters"
)
"""The reason to reject such a row."""
ROWS_OF_ROWS: Final = (
    "cells in quotes over lines that might be rows by themselves, if quotes are ordinary characters (--quote none)"
)
"""The kind of notice about rows where that may be a coincidence."""


def rows_of_rows(block: Block, signs: Signs, width: int) -> list[int]:
    """Return the indices of the rows over several lines each of which, without its quotes, is a row by itself."""
    if width < 2:
        return []
    return [int(row) for row in np.flatnonzero(block.heights > 1) if _is_rows(block.row(int(row)), signs, width)]


def swallowing_rows(block: Block, signs: Signs, width: int) -> list[int]:
    """Return those where that is not a coincidence: a delimiter follows the opening quote, or text the closing one."""
    return [
        row
        for row in rows_of_rows(block, signs, width)
        if row in block.followed or _begins_in_delimiter(block.row(row).encode(), signs)
    ]


def _is_rows(row: str, signs: Signs, width: int) -> bool:
    delimiter = signs.delimiter.decode()
    lines = row.split("\n")
    return len(lines) > 1 and all(line.count(delimiter) == width - 1 for line in lines)


def _begins_in_delimiter(row: bytes, signs: Signs) -> bool:
    return any(row.startswith(signs.delimiter, opened + 1) for opened in quoted_cells(row, signs).opens.tolist())
