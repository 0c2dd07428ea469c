"""About how many rows a table has, from as much of it as can be read in a moment."""

import time
from dataclasses import dataclass
from typing import Final

from foreseen.domain.tables.table import TableReader

LOOK_S: Final = 2.0
"""Seconds that are spent on reading."""


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows there are, or about.

    Attributes:
        seconds_a_row: what reading one took.
    """

    rows: int
    is_exact: bool
    seconds_a_row: float


def count_rows(reader: TableReader, size: int) -> RowCount:
    """Read on for a moment, and take what is left to be alike; raise TableError as the reader.

    Args:
        size: bytes of all the files, as `bytes_read` counts them.
    """
    began = time.perf_counter()
    rows, is_exact = 0, True
    for chunk in reader:
        rows += len(chunk.lines) + len(chunk.rejects)
        if time.perf_counter() - began > LOOK_S:
            is_exact = False
            break
    seconds_a_row = (time.perf_counter() - began) / max(1, rows)
    read = reader.bytes_read
    whole = rows if is_exact or not read else max(rows, round(rows * size / read))
    return RowCount(whole, is_exact, seconds_a_row)
