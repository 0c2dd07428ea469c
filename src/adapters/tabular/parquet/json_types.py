"""The Parquet type of a column of JSON values, determined by all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import pyarrow as pa

from foreseen.domain.values.signature import MAX_EXACT_INTEGER

_INT: Final = pa.int64()
_FLOAT: Final = pa.float64()
_TEXT: Final = pa.string()
_PLAIN: Final = (pa.null(), _INT, _FLOAT, _TEXT, pa.bool_())


@dataclass(frozen=True, slots=True)
class JsonType:
    """The common type of the values of some rows.

    Attributes:
        kind: integers, floats, strings or bools, or lists of one of these; strings if there is nothing more in common.
        low, high: the least and the largest integer among them; 0 if there is none.
    """

    kind: pa.DataType
    low: int = 0
    high: int = 0

    @classmethod
    def of(cls, values: Sequence[object]) -> Self:
        """Return the type of values."""
        integers = [value for value in _flat(values) if type(value) is int]
        try:
            kind = _as_integers(pa.array(values).type)
        except (OverflowError, pa.ArrowInvalid, pa.ArrowTypeError):
            kind = _of_large(values)
        return cls(kind if _element(kind) in _PLAIN else _TEXT, min(integers, default=0), max(integers, default=0))

    def __or__(self, other: "JsonType") -> "JsonType":
        """Return the type of the values of both."""
        return JsonType(_wider(self.kind, other.kind), min(self.low, other.low), max(self.high, other.high))

    def settled(self) -> pa.DataType:
        """Return the type to write: double for numbers; an integer type, or text, if double cannot hold one of them."""
        number = _FLOAT
        if max(-self.low, self.high) > MAX_EXACT_INTEGER:
            number = _integers(self.low, self.high) if _element(self.kind) == _INT else _TEXT
        elif _element(self.kind) not in (pa.null(), _INT):
            return self.kind
        return pa.list_(number) if pa.types.is_list(self.kind) and number != _TEXT else number


NOTHING: Final = JsonType(pa.null())
"""The type of no values, and of nulls."""


def _as_integers(kind: pa.DataType) -> pa.DataType:
    """Return a type with all integers as one type, whose width the largest of them decides later."""
    if pa.types.is_list(kind):
        return pa.list_(_as_integers(kind.value_type))
    return _INT if pa.types.is_integer(kind) else kind


def _of_large(values: Sequence[object]) -> pa.DataType:
    """Return the type of values for which Arrow finds none: integers beyond 64 bits count as integers."""
    for kind, parts in ((_INT, [[value] for value in values]), (pa.list_(_INT), values)):
        if all(part is None or (isinstance(part, list) and _are_integers(part)) for part in parts):
            return kind
    return _TEXT


def _are_integers(values: Sequence[object]) -> bool:
    return all(value is None or type(value) is int for value in values)


def _integers(low: int, high: int) -> pa.DataType:
    if low >= -(2**63) and high < 2**63:
        return _INT
    return pa.uint64() if low >= 0 and high < 2**64 else _TEXT


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other or other == pa.null():
        return one
    if one == pa.null():
        return other
    if pa.types.is_list(one) and pa.types.is_list(other):
        element = _wider(one.value_type, other.value_type)
        return _TEXT if element == _TEXT and _TEXT not in (one.value_type, other.value_type) else pa.list_(element)
    return _FLOAT if {one, other} == {_INT, _FLOAT} else _TEXT


def _element(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_list(kind) else kind


def _flat(values: Sequence[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value
