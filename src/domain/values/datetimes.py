"""Dates and times: ISO 8601 text as nanoseconds since 1970, which is what keys and models see."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from foreseen.domain.errors import MISSING_HINT, InvalidBatchError, Violation
from foreseen.domain.values.signature import Feature

_Column = npt.NDArray[np.generic]

NAT: Final = -(2**63)
"""numpy's integer for a missing date and time."""

FIRST: Final = -(2**63) + 1
LAST: Final = 2**63 - 1
"""The least and the largest nanosecond that a datetime64[ns] holds."""

IN_RANGE: Final = "a date and time from 1677-09-21T00:12:43.145224193 to 2262-04-11T23:47:16.854775807"
PLAIN: Final = 'a date and time such as "2024-01-02T03:04:05"'
ZONED: Final = 'a date and time with an offset such as "2024-01-02T03:04:05Z"'

_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9})0*)?)?"
    r"([Zz]|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?",
    re.ASCII,
)
"""A date, or a date and time to the nanosecond.

Source:
    ISO 8601-1:2019, the extended format; RFC 3339 section 5.6 for the blank in place of the T.
"""
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


def nanoseconds(text: str, *, has_zone: bool) -> int:
    """Return ISO 8601 text as nanoseconds since 1970, in UTC if it has an offset; a date alone is its midnight.

    Args:
        has_zone: whether an offset from UTC is required; otherwise none is allowed.
    Raises:
        ValueError: it is not such a text, or out of range; the message is what was expected.
    """
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError(ZONED if has_zone else PLAIN)
    year, month, day, hour, minute, second, fraction, offset = found.groups(default="")
    if has_zone and not offset:
        raise ValueError(ZONED)
    if offset and not has_zone:
        raise ValueError(f"{PLAIN}, without an offset")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
    except ValueError:
        raise ValueError("a date of the calendar") from None
    seconds = days * 86400 + int(hour or 0) * 3600 + int(minute or 0) * 60 + int(second or 0) - _offset_s(offset)
    return checked(seconds * 10**9 + int(fraction.ljust(9, "0")))


def ticks_of(feature: Feature, value: str | int | None) -> int:
    """Return a value of a feature as nanoseconds since 1970: ISO 8601 text, those themselves, or None.

    Raises:
        ValueError: it is not such a value; the message is what was expected.
    """
    if value is None:
        return NAT
    if isinstance(value, str):
        return nanoseconds(value, has_zone=feature.dtype == "datetime_tz")
    return checked(value)


def checked(ticks: int) -> int:
    """Return nanoseconds unchanged; raise ValueError, with what was expected, if a datetime64[ns] cannot hold them."""
    if not FIRST <= ticks <= LAST:
        raise ValueError(IN_RANGE)
    return ticks


def _offset_s(offset: str) -> int:
    if offset in ("", "Z", "z"):
        return 0
    digits = offset[1:].replace(":", "").ljust(4, "0")
    size = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -size if offset[0] == "-" else size


def datetime_column(feature: Feature, values: Sequence[object] | _Column) -> _Column:
    """Return the datetime64[ns] column, shape (n,), of ISO 8601 text, nanoseconds since 1970 or an array of datetime64.

    Raises:
        InvalidBatchError: a value is missing where none may be, or does not fit.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        column = _in_nanoseconds(feature, values)
    else:
        ticks = [_ticks(feature, value, row) for row, value in enumerate(values)]
        column = np.array(ticks, dtype=np.int64).view(feature.column_dtype)
    if not feature.missing and (missing := np.isnat(column)).any():
        row = int(np.argmax(missing))
        raise InvalidBatchError([Violation("a date and time", "nothing", row, feature.name, hint=MISSING_HINT)])
    return column


def _in_nanoseconds(feature: Feature, values: _Column) -> _Column:
    column = values.astype(feature.column_dtype, order="C")
    # In numpy those that do not fit overflow silently; converted back, they are others.
    changed = (column.astype(values.dtype) != values) & ~np.isnat(values)
    if changed.any():
        row = int(np.argmax(changed))
        raise InvalidBatchError([Violation(IN_RANGE, str(values[row]), row, feature.name)])
    return column


def _ticks(feature: Feature, value: str | int | None, row: int) -> int:
    try:
        return ticks_of(feature, value)
    except ValueError as exc:
        raise InvalidBatchError([Violation(str(exc), str(value), row, feature.name)]) from None
