"""Rows as an ORC file, whose types are fewer than Arrow's."""

from typing import BinaryIO, Final

import pyarrow as pa
from pyarrow import orc

from foreseen.adapters.tabular.parquet_seal import whole_groups
from foreseen.adapters.tabular.texts import as_cells_of_text

_WIDER: Final = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
}
"""Types that ORC has not, and the least that hold the same numbers."""


def seal_orc(spool: BinaryIO, out: BinaryIO) -> None:
    """Write the rows of a stream; raise TableError as `whole_groups`."""
    schema, groups = whole_groups(spool)
    written = pa.schema([(field.name, _held(field.type)) for field in schema])
    with orc.ORCWriter(out, compression="zstd") as writer:
        writer.write(written.empty_table())  # so that a file without rows has columns
        for group in groups:
            writer.write(_cast(group, written))


def _held(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_held(kind.value_type))
    if kind in _WIDER:
        return _WIDER[kind]
    return pa.string() if _is_foreign(kind) else kind


def _is_foreign(kind: pa.DataType) -> bool:
    tests = (pa.types.is_null, pa.types.is_time, pa.types.is_duration, pa.types.is_interval, pa.types.is_decimal256)
    return any(test(kind) for test in tests)


def _cast(group: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        pa.chunked_array([as_cells_of_text(chunk) for chunk in column.chunks], pa.string())
        if _is_foreign(column.type)
        else column.cast(field.type)
        for column, field in zip(group.columns, schema, strict=True)
    ]
    return pa.table(columns, schema=schema)
