"""How many rows a chunk has."""

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

_MOST_ROWS: Final = 65_536
"""Maximum rows of a chunk with few columns: a run with a forest of 100 trees takes 6 % less time than with 24,576."""

_OFTEN_ROWS: Final = 24_576
"""Rows of a chunk of any other type. Six chunks are in memory at a time: with twice as many rows in each, ten million
rows of flights took 1.3 times the memory of a hundred thousand; with half as many, calls to a forest took a tenth
longer."""

_CELLS: Final = 16 * _OFTEN_ROWS

GATHERED_ROWS: Final = 32_768
"""Rows in a block of text after which no more are read into it."""


def chunk_rows(columns: int) -> int:
    """Return the maximum rows of a chunk with this many columns."""
    return min(_MOST_ROWS, max(_OFTEN_ROWS, _CELLS // max(1, columns)))


def even_slices(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield rows in as few chunks as possible, all of about the same length."""
    count = -(-rows.num_rows // chunk_rows(rows.num_columns))
    for part in range(count):
        start, end = (rows.num_rows * edge // count for edge in (part, part + 1))
        yield rows.slice(start, end - start)
