"""How many rows go through the model at a time."""

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

CHUNK_ROWS: Final = 65_536


def even_slices(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut what was read at once into as few chunks as may be, all of about one length."""
    count = -(-rows.num_rows // CHUNK_ROWS)
    for part in range(count):
        start, end = (rows.num_rows * edge // count for edge in (part, part + 1))
        yield rows.slice(start, end - start)
