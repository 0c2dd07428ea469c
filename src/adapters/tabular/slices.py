"""How many rows go through the model at a time."""

from collections.abc import Iterable, Iterator
from typing import Final

import pyarrow as pa

CHUNK_ROWS: Final = 24_576
"""Rows of a chunk at most. Six chunks are in memory at a time: with twice as many rows each, ten million took 1.3 times
the memory of a hundred thousand; with half as many, a forest spent a tenth more on being called."""

GATHERED_ROWS: Final = 16_384
"""Rows from which nothing is put together any more."""


def gathered(batches: Iterable[pa.RecordBatch], *, most: int) -> Iterator[pa.RecordBatch]:
    """Put small batches together, but no more than some of them."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if len(waiting) == most or sum(each.num_rows for each in waiting) >= GATHERED_ROWS:
            yield pa.concat_batches(waiting)
            waiting = []
    if waiting:
        yield pa.concat_batches(waiting)


def even_slices(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut what was read at once into as few chunks as may be, all of about one length."""
    count = -(-rows.num_rows // CHUNK_ROWS)
    for part in range(count):
        start, end = (rows.num_rows * edge // count for edge in (part, part + 1))
        yield rows.slice(start, end - start)
