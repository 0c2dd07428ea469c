"""Numbers that are not finite, which JSON cannot represent."""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from foreseen.domain.tables.notices import Notices
from foreseen.domain.values.batch import Column
from foreseen.domain.values.json_type import Json

AS_NULL: Final = "numbers that are not finite, written as null"
"""The kind of notice for them."""

_SIMPLE: Final = {str, int, bool, float, np.float64, type(None)}


def count_non_finite(notices: Notices, column: str, values: Sequence[Json] | Column, *, is_held: bool = False) -> None:
    """Count the values of an answer that are written with null in place of a number.

    Args:
        is_held: whether the format can represent a number by itself, so that only those in lists are lost.
    """
    if isinstance(values, np.ndarray):  # of floats
        if not is_held:
            _count_floats(notices, column, values)
        return
    if set(map(type, values)) <= _SIMPLE:
        if not is_held:
            _count_floats(notices, column, [value for value in values if isinstance(value, float)])
        return
    first, count = "", 0
    for value in values:
        if is_held and isinstance(value, float):
            continue
        found = next(_non_finite(value), None)
        if found is not None:
            first, count = first or repr(found), count + 1
    notices.count(AS_NULL, column, first, count)


def _count_floats(notices: Notices, column: str, floats: Sequence[float] | Column) -> None:
    numbers = np.array(floats, dtype=np.float64)
    lost = numbers[~np.isfinite(numbers)]
    if len(lost):
        notices.count(AS_NULL, column, repr(float(lost[0])), len(lost))


def _non_finite(value: Json) -> Iterator[float]:
    if isinstance(value, float):
        if not math.isfinite(value):
            yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _non_finite(part)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from _non_finite(part)
