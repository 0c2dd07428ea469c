"""Words for a missing value as values of typed columns: -999, 1900-01-01."""

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_BOOLS: Final = {"true": True, "false": False}
_Test = Callable[[pa.DataType], bool]


@lru_cache(maxsize=256)
def values_of(words: tuple[str, ...], kind: pa.DataType) -> tuple[pa.Array, tuple[str, ...]]:
    """Return the values of a type that words represent, and the word of each.

    A word that is not a value of the type is left out: no row can contain it.
    """
    found = [(value, word) for word in words for value in _values(word, kind)]
    return pa.array([value for value, _ in found], kind), tuple(word for _, word in found)


def number_of(text: str) -> Decimal | None:
    """Return the exact number that a text is; None for other texts, such as NaN."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return None if number.is_nan() or "_" in text else number


def _values(word: str, kind: pa.DataType) -> Iterator[object]:
    """Yield the value of a word in a type, if it has one; for zero, both zeros."""
    read = next((read for is_of_kind, read in _READ if is_of_kind(kind)), None)
    try:
        found = () if read is None else read(word, kind)
        for value in found:
            yield pa.scalar(value, kind)
    except (pa.ArrowException, OverflowError):
        return


def _integers(word: str, _: pa.DataType) -> Sequence[object]:
    number = number_of(word)
    return [int(number)] if number is not None and number.is_finite() and number == number.to_integral_value() else []


def _floats(word: str, kind: pa.DataType) -> Sequence[object]:
    if number_of(word) is None:
        return []
    number = float(word)
    with np.errstate(over="ignore"):
        held = float(kind.to_pandas_dtype()(number))
    if math.isinf(held) and not math.isinf(number):
        return []
    return [0.0, -0.0] if number == 0 else [held]


def _decimals(word: str, _: pa.DataType) -> Sequence[object]:
    number = number_of(word)
    return [] if number is None or not number.is_finite() else [number]


def _bools(word: str, _: pa.DataType) -> Sequence[object]:
    return [_BOOLS[word.lower()]] if word.lower() in _BOOLS else []


def _times(word: str, kind: pa.DataType) -> Sequence[object]:
    return [pc.cast(pa.scalar(word), kind)]


_READ: Final[Sequence[tuple[_Test, Callable[[str, pa.DataType], Sequence[object]]]]] = (
    (pa.types.is_integer, _integers),
    (pa.types.is_floating, _floats),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_boolean, _bools),
    (pa.types.is_timestamp, _times),
    (pa.types.is_date, _times),
)
