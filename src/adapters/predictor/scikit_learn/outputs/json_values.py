"""JSON values: what a model's answer contains, as JSON can represent it. The rules are in docs/models.md, "Answers"."""

import dataclasses
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import singledispatch
from pathlib import PurePath
from typing import Final
from uuid import UUID

import numpy as np

from foreseen.adapters.predictor.scikit_learn.outputs.array_likes import rows_of_array_like
from foreseen.domain.errors import UnanswerableError
from foreseen.domain.values.json_type import Json

_DIGITS: Final = 6
"""Digits that Python writes of a fraction of a second, unless there are more."""


@singledispatch
def json_value(value: object) -> Json:
    """Return a value as JSON can represent it; numbers that are not finite are left to the encoder.

    Raises:
        UnanswerableError: JSON cannot represent its type.
    """
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        if value is pandas.NA:
            return None
        if isinstance(value, pandas.Period | pandas.Interval):
            return str(value)
    if (rows := rows_of_array_like(value)) is not None:
        return json_value(rows)
    if hasattr(value, "as_py"):  # a scalar of pyarrow
        return json_value(value.as_py())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_value(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise UnanswerableError(
        "expected the model to answer with numbers, strings, dates, or lists and dicts of them, got a value of type "
        f"{type(value).__qualname__}; convert it in the model"
    )


def text_of(value: object) -> str:
    """Return a value as text, for class labels and names in an object; raise UnanswerableError as above."""
    plain = json_value(value)
    if isinstance(plain, str):
        return plain
    if is_missing(plain):
        return "null"
    if isinstance(plain, bool | int | float):
        return str(plain)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def is_missing(plain: Json) -> bool:
    """Return whether a JSON value is missing: null, or NaN, which becomes null."""
    return plain is None or (isinstance(plain, float) and math.isnan(plain))


@json_value.register(type(None))
def _none(_: None) -> Json:
    return None


@json_value.register
def _bool(value: bool) -> Json:
    return value


@json_value.register
def _int(value: int) -> Json:
    return int(value)


@json_value.register
def _float(value: float) -> Json:
    return float(value)


@json_value.register
def _str(value: str) -> Json:
    text = str.__str__(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise UnanswerableError(
                f"expected the model to answer with text that UTF-8 can hold, got {text[:60]!a}"
            ) from None
    return text


@json_value.register(bytes)
@json_value.register(bytearray)
def _bytes(value: bytes | bytearray) -> Json:
    # Labels from ARFF and HDF5 are bytes; what is not UTF-8 is escaped as in Python.
    return value.decode("utf-8", "backslashreplace")


@json_value.register
def _enum(value: Enum) -> Json:
    return json_value(value.value)


@json_value.register(Fraction)
@json_value.register(UUID)
@json_value.register(PurePath)
def _shown(value: object) -> Json:
    return _str(str(value))


@json_value.register
def _decimal(value: Decimal) -> Json:
    return None if value.is_nan() else str(value)


@json_value.register(date)
@json_value.register(time)
def _date(value: date | time) -> Json:
    return value.isoformat()


@json_value.register
def _datetime(value: datetime) -> Json:
    # NaT of pandas is a datetime that does not equal itself.
    return value.isoformat() if value == value else None


@json_value.register
def _timedelta(value: timedelta) -> Json:
    nanoseconds = getattr(value, "nanoseconds", 0)  # only pandas' Timedelta has it
    return _duration(((value.days * 86_400 + value.seconds) * 10**6 + value.microseconds) * 1000 + nanoseconds)


@json_value.register(Mapping)
def _mapping(value: Mapping[object, object]) -> Json:
    found = {text_of(name): json_value(part) for name, part in value.items()}
    if len(found) < len(value):
        raise UnanswerableError(
            "expected the model to answer with dicts whose keys differ as text, got one with the keys "
            f"{', '.join(map(repr, value))}"
        )
    return found


@json_value.register(Sequence)
@json_value.register(Iterator)
def _list(value: Sequence[object] | Iterator[object]) -> Json:
    return [json_value(part) for part in value]


@json_value.register(Set)
def _set(value: Set[object]) -> Json:
    # Sorted, since the order of a set of strings differs between processes.
    return sorted(map(json_value, value), key=lambda part: json.dumps(part, sort_keys=True))


@json_value.register
def _numpy(value: np.generic) -> Json:
    return json_value(value.item())


@json_value.register
def _number(value: np.floating) -> Json:
    return float(value)  # `item` leaves a longdouble as it is


@json_value.register
def _instant(value: np.datetime64) -> Json:
    if np.isnat(value):
        return None
    text = str(value)
    day, separator, clock = text.partition("T")
    if not separator:
        return text
    seconds, _, fraction = clock.partition(".")
    seconds += ":00" * (2 - seconds.count(":"))
    return f"{day}T{seconds}" + _fraction(fraction)


@json_value.register
def _span(value: np.timedelta64) -> Json:
    if np.isnat(value):
        return None
    unit, count = np.datetime_data(value.dtype)
    nanoseconds = _NANOSECONDS.get(unit)
    if nanoseconds is None:
        raise UnanswerableError(
            f"expected the model to answer with durations in weeks to nanoseconds, got a timedelta64 in {unit!r}"
        )
    return _duration(int(value.astype(np.int64)) * count * nanoseconds)


@json_value.register
def _record(value: np.void) -> Json:
    if value.dtype.names is None:
        return _bytes(value.tobytes())
    return {name: json_value(value[name]) for name in value.dtype.names}


@json_value.register
def _array(value: np.ndarray) -> Json:
    if value.dtype.kind in "biu" or (value.dtype.kind == "f" and value.dtype.itemsize <= np.float64().itemsize):
        return value.tolist()  # type: ignore[no-any-return] # null where it is masked
    if value.dtype.kind == "U" and not isinstance(value, np.ma.MaskedArray) and "".join(value.ravel()).isascii():
        return value.tolist()  # type: ignore[no-any-return]
    if value.ndim == 0:
        return json_value(value[()])
    return [json_value(part) for part in value]


_NANOSECONDS: Final = {
    "W": 7 * 86_400 * 10**9, "D": 86_400 * 10**9, "h": 3600 * 10**9, "m": 60 * 10**9,
    "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1,
}  # fmt: skip


def _duration(nanoseconds: int) -> str:
    """Return a duration in ISO 8601, in seconds alone."""
    whole, rest = divmod(abs(nanoseconds), 10**9)
    return f"{'-' if nanoseconds < 0 else ''}PT{whole}{_fraction(f'{rest:09}')}S"


def _fraction(digits: str) -> str:
    """Return digits behind a decimal point as Python writes them: none, six, nine, or more if needed."""
    digits = digits.rstrip("0")
    length = next((count for count in (0, _DIGITS, 9, 12, 15) if len(digits) <= count), len(digits))
    return "." + digits.ljust(length, "0") if digits else ""
