"""Columns of formats without binding types: numbers, dates and texts, whatever their cells contain."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from foreseen.domain.values.signature import MAX_EXACT_INTEGER

_TIME: Final = pa.timestamp("us")
_TEXT: Final = pa.string()


class LooseColumn:
    """A column that grows, and finally gets a type: the common type of its values, or text."""

    def __init__(self) -> None:
        """Start without values."""
        self._parts: list[pa.Array] = []

    def add(self, values: Sequence[object]) -> None:
        """Add values: None, bools, numbers, dates and times, or texts."""
        if values:
            self._parts.append(_typed(values))

    def settled(self) -> pa.ChunkedArray:
        """Return the column in its final type."""
        kinds = {part.type for part in self._parts} - {pa.null()}
        kind = _common(kinds)
        return pa.chunked_array([_as(part, kind) for part in self._parts], type=kind)


def _typed(values: Sequence[object]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pa.nulls(len(values))
    if kinds <= {int, float}:
        is_exact = all(abs(value) <= MAX_EXACT_INTEGER for value in values if type(value) is int)
        if is_exact:
            return pa.array(values, pa.int64() if kinds == {int} else pa.float64())
    for known, kind in ((bool, pa.bool_()), (datetime, _TIME), (str, _TEXT)):
        if kinds == {known}:
            return pa.array(values, kind)
    return pa.array([_text(value) for value in values], _TEXT)


def _common(kinds: set[pa.DataType]) -> pa.DataType:
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {pa.int64(), pa.float64()}:
        return pa.float64()
    return _TEXT if kinds else pa.null()


def _as(part: pa.Array, kind: pa.DataType) -> pa.Array:
    if part.type == kind:
        return part
    if kind == _TEXT and part.type == _TIME:
        return pa.array([_text(value) for value in part.to_pylist()], _TEXT)
    return pc.cast(part, kind)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)
