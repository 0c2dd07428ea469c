"""Columns of the same values in plain types: without dictionaries, views and other encodings."""

from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_Test = Callable[[pa.DataType], bool]
_LISTS: Final[tuple[tuple[_Test, Callable[[pa.DataType], pa.DataType]], ...]] = (
    (pa.types.is_list, pa.list_),
    (pa.types.is_large_list, pa.large_list),
    (pa.types.is_list_view, pa.list_),
    (pa.types.is_large_list_view, pa.large_list),
)


def as_plain(column: pa.Array) -> pa.Array:
    """Return a column without dictionaries, also within lists and structs, and with all text as `pa.string()`."""
    if pa.types.is_dictionary(column.type):
        return as_plain(column.dictionary_decode())
    kind = plain_type(column.type)
    if kind == column.type:
        return column
    try:
        found = pc.cast(column, kind)
        found.validate()  # Arrow casts list views that end in null to an invalid array
        return found
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return pa.array(column.to_pylist(), kind)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a plain column of the same values."""
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if is_text(kind):
        return pa.string()
    if pa.types.is_binary_view(kind):
        return pa.binary()
    for is_of_kind, make in _LISTS:
        if is_of_kind(kind):
            return make(kind.value_field.with_type(plain_type(kind.value_type)))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(plain_type(kind.value_type)), kind.list_size)
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(plain_type(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(plain_type(kind.key_type), plain_type(kind.item_type))
    return kind


def is_text(kind: pa.DataType) -> bool:
    """Return whether values of a type are strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
