"""An estimate of the rows of a table, from as much of it as can be read in two seconds."""

import time
from dataclasses import dataclass
from typing import Final

from foreseen.domain.tables.table import TableReader

LOOK_S: Final = 2.0
"""Most seconds to spend on reading."""


@dataclass(frozen=True, slots=True)
class RowCount:
    """The number of rows in a table, counted or estimated.

    Attributes:
        seconds_a_row: the average time to read a row.
    """

    rows: int
    is_exact: bool
    seconds_a_row: float


def count_rows(reader: TableReader, size: int) -> RowCount:
    """Count rows for up to `LOOK_S`, and estimate the rest from its size in bytes; raise TableError as the reader does.

    Args:
        size: bytes of all files, as `bytes_read` counts them.
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
