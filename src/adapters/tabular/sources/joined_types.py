"""A common type for columns of different types, and whether it holds their values unchanged."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.plain_columns import as_plain, is_text, plain_type

_EXACT_BITS: Final = 32
"""Integers of this width are doubles as well."""
_INTEGER_DIGITS: Final = {8: 3, 16: 5, 32: 10, 64: 20}
_DIGITS_OF_128: Final = 38
_MOST_DIGITS: Final = 76
_ANY_INTEGER: Final = pa.decimal128(20, 0)
"""The type that holds both int64 and uint64."""


def joined_types(kinds: Sequence[pa.DataType]) -> list[pa.DataType]:
    """Return the types that may hold the values of all of these, the best first; empty if Arrow has none."""
    plain = list(dict.fromkeys(map(plain_type, kinds)))
    found = _unified(plain)
    if found is None:
        return []
    has_sign_or_not = all(map(pa.types.is_integer, plain)) and pa.uint64() in plain and len(plain) > 1
    return [found, _ANY_INTEGER] if has_sign_or_not and found != pa.uint64() else [found]


def _unified(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    if any(map(pa.types.is_decimal, kinds)) and all(map(_has_digits, kinds)):
        return _decimal_of(kinds)
    schemas = [pa.schema([pa.field("value", kind)]) for kind in kinds]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field("value").type
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return None


def _has_digits(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind))


def _decimal_of(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    """Return the decimal type that holds those of all, and integers, for which Arrow's choice has no room."""
    scale = max(kind.scale for kind in kinds if pa.types.is_decimal(kind))
    digits = max(map(_digits, kinds)) + scale
    if digits > _MOST_DIGITS:
        return None
    return pa.decimal128(digits, scale) if digits <= _DIGITS_OF_128 else pa.decimal256(digits, scale)


def _digits(kind: pa.DataType) -> int:
    """Return the maximum digits before the decimal point."""
    if pa.types.is_null(kind):
        return 0
    return int(kind.precision - kind.scale if pa.types.is_decimal(kind) else _INTEGER_DIGITS[kind.bit_width])


def is_wider(kind: pa.DataType, other: pa.DataType) -> bool:
    """Return whether a type holds every value of another; False also if that is not known."""
    kind = plain_type(kind)
    if kind == other or pa.types.is_null(kind) or (is_text(kind) and is_text(other)):
        return True
    if pa.types.is_integer(kind):
        if pa.types.is_integer(other):
            return bool(kind.bit_width < other.bit_width and pa.types.is_signed_integer(other))
        return bool(other == _ANY_INTEGER or (kind.bit_width <= _EXACT_BITS and other == pa.float64()))
    return bool(pa.types.is_floating(kind) and pa.types.is_floating(other) and kind.bit_width < other.bit_width)


def lost_in(kind: pa.DataType, columns: Iterable[pa.Array]) -> str:
    """Return Arrow's message about a value that a type does not hold unchanged; empty if it holds all."""
    return next(filter(None, _losses(kind, columns)), "")


def _losses(kind: pa.DataType, columns: Iterable[pa.Array]) -> Iterator[str]:
    for column in map(as_plain, columns):
        try:
            found = pc.cast(column, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as exc:
            yield str(exc).splitlines()[0]
            continue
        # Arrow silently rounds decimals to doubles.
        if pa.types.is_decimal(column.type) and pa.types.is_floating(kind):
            yield _rounded(column, found)


def _rounded(decimals: pa.Array, floats: pa.Array) -> str:
    try:
        is_same = pc.equal(pc.cast(floats, decimals.type, safe=False), decimals)
    except pa.ArrowInvalid:
        is_same = pa.nulls(len(decimals), pa.bool_())
    changed = decimals.filter(pc.and_(pc.is_valid(decimals), pc.invert(pc.fill_null(is_same, fill_value=False))))
    return f"Decimal value {changed[0].as_py()} would be rounded" if len(changed) else ""
