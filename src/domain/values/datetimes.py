"""Dates and times: ISO 8601 text as nanoseconds since 1970, which is what keys and models see."""

import re
from datetime import date
from typing import Final

from foreseen.domain.values.signature import Feature

NAT: Final = -(2**63)
"""What numpy holds for a missing date and time."""

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
    """Read ISO 8601 text as nanoseconds since 1970, in UTC where it has a zone; a date alone is its midnight.

    Args:
        has_zone: whether an offset from UTC has to be there; else none may be.
    Raises:
        ValueError: it is none, or out of range; the message is what was expected.
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
        ValueError: it is none; the message is what was expected.
    """
    if value is None:
        return NAT
    if isinstance(value, str):
        return nanoseconds(value, has_zone=feature.dtype == "datetime_tz")
    return checked(value)


def checked(ticks: int) -> int:
    """Return nanoseconds as they are; raise ValueError, with what was expected, where a datetime64[ns] has no room."""
    if not FIRST <= ticks <= LAST:
        raise ValueError(IN_RANGE)
    return ticks


def _offset_s(offset: str) -> int:
    if offset in ("", "Z", "z"):
        return 0
    digits = offset[1:].replace(":", "").ljust(4, "0")
    size = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -size if offset[0] == "-" else size
