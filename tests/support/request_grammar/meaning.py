"""What a written value means to a feature: worked out from the grammar and Python's numbers alone."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np

from foreseen.domain.values.signature import DATETIMES, FLOATS, Feature

_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_TEXT_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*+|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LITERALS: Final = {"true": True, "false": False, "null": None, "NaN": None}
_WORDS: Final = {"true": True, "false": False}
_HUGE: Final = 10**400
_EXACT: Final = 2**53
_DAY: Final = 1_704_153_600_000_000_000  # 2024-01-02
DATES: Final[dict[str, tuple[int | None, int | None]]] = {
    "2024-01-02": (_DAY, None),
    "2024-01-02T00:00": (_DAY, None),
    "2024-01-02 00:00:00.000": (_DAY, None),
    "2024-01-02T00:00:00,0": (_DAY, None),
    "2024-01-02T00:00:00Z": (None, _DAY),
    "2024-01-02t00:00:00z": (None, _DAY),
    "2024-01-02 01:00+01": (None, _DAY),
    "2024-01-01T18:30:00.000000000-0530": (None, _DAY),
    "2024-01-02T00:00:00.000000001": (_DAY + 1, None),
    "1970-01-01T00:00:00": (0, None),
    "1677-09-21T00:12:43.145224193": (-(2**63) + 1, None),
    "2262-04-11T23:47:16.854775808": (None, None),
    "2024-02-30": (None, None),
    "2024-1-2": (None, None),
    "20240102": (None, None),
    "2024-01-02T24:00": (None, None),
    "2024-01-02T00:00:60": (None, None),
    "2024-01-02T00:00:00+25": (None, None),
    "02/01/2024": (None, None),
    "1704153600": (None, None),
    "today": (None, None),
    "\u0662024-01-02": (None, None),
}
"""Dates and times, and what each means to a feature without a zone and to one with a zone."""


class Rejected(Exception):  # noqa: N818 - it is a meaning
    """The value means nothing to the feature."""


@dataclass(frozen=True)
class Written:
    """A value as it is written in JSON.

    Attributes:
        string: what a string means; None for any other value, or where it is no text of Unicode characters.
        parts: those of a list.
        is_json: whether it is a value of JSON, or NaN or Infinity, which are read as if they were.
    """

    text: str
    string: str | None = None
    parts: "tuple[Written, ...] | None" = None
    is_json: bool = True


def plain(text: str) -> Written:
    """Return what is no string as the value that it is, if it is one."""
    is_json = _JSON_NUMBER.fullmatch(text) is not None or text in _LITERALS or text in ("Infinity", "-Infinity")
    return Written(text, is_json=is_json)


def meaning(feature: Feature, written: Written) -> Any:
    """Return what a value in JSON means: a number, a bool, a string, nanoseconds, a tuple, or None where it is missing.

    Raises:
        Rejected: it means nothing.
    """
    return _tensor(feature, written, feature.shape) if written.is_json else _reject()


def _tensor(feature: Feature, written: Written, shape: tuple[int, ...]) -> Any:
    if not shape:
        return _single(feature, written)
    if written.parts is None or len(written.parts) != shape[0]:
        raise Rejected
    return tuple(_tensor(feature, part, shape[1:]) for part in written.parts)


def _single(feature: Feature, written: Written) -> Any:
    if written.text.startswith('"'):
        return _of_string(feature, written.string)
    if written.text in _LITERALS:
        return _of(feature, _LITERALS[written.text])
    return _of(feature, _number(written.text)) if _JSON_NUMBER.fullmatch(written.text) else _reject()


def meaning_of_text(feature: Feature, text: str) -> Any:
    """Return what a text in a query string or a cell means; raise Rejected where it means nothing."""
    if feature.dtype == "string":
        return None if feature.missing and not text else text
    if text and feature.dtype in DATETIMES:
        return _of_string(feature, text)
    if not text or (feature.missing and text.lower() == "nan"):
        return _of(feature, None)
    words = _WORDS | ({"t": True, "f": False} if feature.dtype == "bool" else {})
    if text.lower() in words:
        return _of(feature, words[text.lower()])
    return _of(feature, _number(text)) if _TEXT_NUMBER.fullmatch(text) else _reject()


def _of_string(feature: Feature, text: str | None) -> Any:
    if feature.dtype in DATETIMES:
        ticks = DATES.get(text or "", (None, None))[feature.dtype == "datetime_tz"]
        return _reject() if ticks is None else ticks
    return text if text is not None and feature.dtype == "string" else _reject()


def _reject() -> Any:
    raise Rejected


def _number(text: str) -> int | float:
    """Return an integer where it is written as one, else the nearest float."""
    digits = text.lstrip("+-").lstrip("0")
    if not re.fullmatch("[0-9]*", digits):
        return float(text)
    size = int(digits or "0") if len(digits) < 400 else _HUGE
    return -size if text.startswith("-") else size


def _of(feature: Feature, value: Any) -> Any:
    if value is None:
        return None if feature.missing else _reject()
    if feature.dtype == "string" or feature.dtype in DATETIMES:
        raise Rejected
    if feature.dtype in FLOATS:
        return _float(feature, value)
    low, high = feature.bounds
    is_exact = isinstance(value, int) or abs(value) < _EXACT
    if not (is_exact and value == value // 1 and low <= value <= high):
        raise Rejected
    return bool(value) if feature.dtype == "bool" else int(value)


def _float(feature: Feature, value: Any) -> float:
    if isinstance(value, int) and abs(value) > _EXACT and not _is_float(value):
        raise Rejected
    with np.errstate(over="ignore"):
        held = float(np.float32(value)) if feature.dtype == "float32" else float(value)
    if abs(held) == np.inf:
        raise Rejected
    return held + 0.0


def _is_float(value: int) -> bool:
    """Return whether an integer is a float, or the shortest digits of one with zeros behind them."""
    try:
        nearest = float(value)
    except OverflowError:
        return False
    return value in (Fraction(nearest), Fraction(repr(nearest)))
