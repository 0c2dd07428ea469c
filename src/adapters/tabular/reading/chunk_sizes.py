"""How many rows go through the model at a time."""

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

_MOST_ROWS: Final = 65_536
"""Rows of a chunk of few columns: a run with a forest of 100 trees takes 6 % less time than with 24,576."""

_OFTEN_ROWS: Final = 24_576
"""Rows of any other. Six chunks are in memory at a time: with twice as many, ten million rows of flights took 1.3 times
the memory of a hundred thousand; with half as many, a forest spent a tenth more on being called."""

_CELLS: Final = 16 * _OFTEN_ROWS

GATHERED_ROWS: Final = 32_768
"""Rows in a block of text from which it is read no further."""


def chunk_rows(columns: int) -> int:
    """Return how many rows of so many columns go through at a time, at most."""
    return min(_MOST_ROWS, max(_OFTEN_ROWS, _CELLS // max(1, columns)))


def even_slices(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut what was read at once into as few chunks as may be, all of about one length."""
    count = -(-rows.num_rows // chunk_rows(rows.num_columns))
    for part in range(count):
        start, end = (rows.num_rows * edge // count for edge in (part, part + 1))
        yield rows.slice(start, end - start)
