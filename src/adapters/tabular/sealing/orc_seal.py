"""Rows as an ORC file, whose types are fewer than Arrow's."""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO, Final

import pyarrow as pa
from pyarrow import orc

from foreseen.adapters.tabular.columns.columns_as_text import as_cells_of_text
from foreseen.adapters.tabular.parquet.parquet_seal import whole_groups

if TYPE_CHECKING:
    from typing_extensions import Buffer

_WIDER: Final = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
}
"""Types that ORC lacks, and the smallest types that hold the same numbers."""
_DECIMAL_BITS: Final = 128


def seal_orc(spool: BinaryIO, out: BinaryIO) -> None:
    """Write the rows of a stream; raise TableError as `whole_groups`."""
    schema, groups = whole_groups(spool)
    written = pa.schema([(field.name, _held(field.type)) for field in schema])
    held = _HeldErrors(out)
    with orc.ORCWriter(held, compression="zstd") as writer:
        writer.write(written.empty_table())  # so that a file without rows has columns
        for group in groups:
            writer.write(_cast(group, written))
            held.check()
    held.check()


class _HeldErrors(io.RawIOBase):
    """A file whose errors are raised outside of the library: one that occurs while it closes would end the process."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._size = 0
        self._error: BaseException | None = None

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: "Buffer") -> int:
        size = len(memoryview(data).cast("B"))
        self._size += size
        if self._error is None:
            try:
                self._out.write(data)
            except BaseException as exc:  # noqa: BLE001 - a signal too; raised by `check`
                self._error = exc
        return size

    def check(self) -> None:
        """Raise the error of an earlier write."""
        if self._error is not None:
            raise self._error


def _held(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column: its own, a wider one, or text if ORC has neither."""
    wider = _wider(kind)
    return wider if _is_written(wider) and _is_cast(kind, wider) else pa.string()


def _wider(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(_held(kind.value_type))
    if pa.types.is_decimal(kind) and kind.bit_width < _DECIMAL_BITS:
        return pa.decimal128(kind.precision, kind.scale)
    return _WIDER.get(kind, kind)


@lru_cache(maxsize=256)
def _is_written(kind: pa.DataType) -> bool:
    """Return whether ORC has a type, by writing a file without rows."""
    if pa.types.is_null(kind) or _has_negative_scale(kind):  # which would end the process
        return False
    try:
        with orc.ORCWriter(io.BytesIO()) as writer:
            writer.write(pa.schema([("value", kind)]).empty_table())
    except pa.ArrowException:
        return False
    return True


def _is_cast(kind: pa.DataType, other: pa.DataType) -> bool:
    try:
        pa.array([], kind).cast(other)
    except pa.ArrowException:
        return False
    return True


def _has_negative_scale(kind: pa.DataType) -> bool:
    if pa.types.is_decimal(kind):
        return bool(kind.scale < 0)
    return any(_has_negative_scale(kind.field(place).type) for place in range(kind.num_fields))


def _cast(group: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        pa.chunked_array([as_cells_of_text(chunk) for chunk in column.chunks], pa.string())
        if pa.types.is_string(field.type)
        else column.cast(field.type)
        for column, field in zip(group.columns, schema, strict=True)
    ]
    return pa.table(columns, schema=schema)
