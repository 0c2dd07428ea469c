"""Groups of rows of a wide Parquet file, read whole, some columns at a time.

Reading some rows of all columns at once keeps a page and a dictionary of each column: up to 2 MB, as much as a whole
column of most files. For a thousand columns this is more than all of their values.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

_WIDE: Final = 100
"""Columns from which this matters."""
_LEAST_ROWS: Final = 1024
"""Rows of a group below which several groups are better read together."""
GROUP_BYTES: Final = 256 << 20
_COLUMNS_AT_ONCE: Final = 16
_TEXT_BYTES: Final = 32
"""Bytes to allow per value of no fixed size beyond the file's own figure, in which a dictionary counts it once."""


def are_read_whole(file: pq.ParquetFile, columns: Sequence[str]) -> bool:
    """Return whether a file has many columns, and groups of rows that fit in memory."""
    metadata = file.metadata
    if len(columns) < _WIDE or not metadata.num_row_groups:
        return False
    rows = max(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
    return rows >= _LEAST_ROWS and _size(file, columns, rows) <= GROUP_BYTES


def whole_groups(file: pq.ParquetFile, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of one group after the other, `rows` at a time."""
    for group in range(file.metadata.num_row_groups):
        yield from _group(file, columns, group).to_batches(max_chunksize=rows)


def _group(file: pq.ParquetFile, columns: Sequence[str], group: int) -> pa.Table:
    found: dict[str, pa.ChunkedArray] = {}
    for start in range(0, len(columns), _COLUMNS_AT_ONCE):
        names = columns[start : start + _COLUMNS_AT_ONCE]
        # Until the first rows are there, nothing else has work to do.
        part = file.read_row_group(group, columns=list(names), use_threads=not group)
        found |= {name: part.column(name) for name in names}
    return pa.table(found)


def _size(file: pq.ParquetFile, columns: Sequence[str], rows: int) -> int:
    """Return the maximum bytes that this many rows take in memory."""
    schema = file.schema_arrow
    kinds = [schema.field(name).type for name in columns]
    fixed = sum(kind.bit_width for kind in kinds if _is_fixed(kind))
    texts = sum(not _is_fixed(kind) for kind in kinds)
    metadata = file.metadata
    held = max(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)) if texts else 0
    return int(rows * (fixed / 8 + texts * _TEXT_BYTES) + held)


def _is_fixed(kind: pa.DataType) -> bool:
    return bool(pa.types.is_primitive(kind) or pa.types.is_decimal(kind))
