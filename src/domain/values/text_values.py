"""Values of features as text: in a query string, or in a cell of a file."""

import json
import re
from typing import Final

from foreseen.domain.values.feature_values import (
    accept_missing,
    datetime_of,
    expected_value,
    float_of,
    integer_of,
    read_value,
    rejected_value,
)
from foreseen.domain.values.shown_value import shown
from foreseen.domain.values.signature import DATETIMES, FLOATS, Feature

# Possessive quantifiers: otherwise thousands of digits would be split in every possible way.
_NUMBER: Final = re.compile(r"[+-]?(?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?\d+", re.ASCII)
_WORDS: Final = {"true": 1, "false": 0}
_BOOL_WORDS: Final = _WORDS | {"t": 1, "f": 0}
_LONGEST_INTEGER: Final = 309
"""Digits of the longest integer that is read: those of the largest float64."""


def read_text(feature: Feature, text: str) -> object:
    """Read one value of a feature.

    Numbers are decimal; true and false are 1 and 0 to a number, and so are t and f to a bool, in any case; 1 and 0 are
    true and false to a bool; 3.0 is an integer. Dates and times are ISO 8601; a tensor is a JSON list. An empty text is
    a missing value if one may be missing, and so is "nan" for a number; otherwise a string is accepted unchanged.

    Returns:
        As `read_value`.

    Raises:
        InvalidBatchError: one violation, without a row.
    """
    if feature.shape:
        return _tensor(feature, text)
    if feature.dtype == "string":
        return None if feature.missing and not text else text
    if not text:
        accept_missing(feature)
        return None
    return datetime_of(feature, text) if feature.dtype in DATETIMES else _number(feature, text)


def _number(feature: Feature, text: str) -> float | None:
    lower = text.lower()
    if feature.missing and lower == "nan":
        return None
    words = _BOOL_WORDS if feature.dtype == "bool" else _WORDS
    number = words[lower] if lower in words else _parsed(text)
    if number is None or (feature.dtype == "bool" and number not in (0, 1)):
        raise rejected_value(feature, expected_value(feature), shown(text))
    if feature.dtype == "bool":
        return bool(number)
    read = float_of if feature.dtype in FLOATS else integer_of
    return read(feature, number, text)


def _parsed(text: str) -> float | None:
    """Return a decimal number as an integer or the nearest float; None if it is not a number."""
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= _LONGEST_INTEGER else _long_integer(text)
    return float(text) if _NUMBER.fullmatch(text) else None


def _long_integer(text: str) -> int:
    """Return an integer of many digits, most of which may be leading zeros.

    Python raises an error for thousands of digits; without leading zeros, so many are out of every range.
    """
    digits = text.lstrip("+-").lstrip("0") or "0"
    size = int(digits) if len(digits) <= _LONGEST_INTEGER else 10**_LONGEST_INTEGER
    return -size if text.startswith("-") else size


def _tensor(feature: Feature, text: str) -> object:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        shape = " x ".join(map(str, feature.shape))
        raise rejected_value(feature, f"a JSON list of {shape} numbers", shown(text)) from None
    return read_value(feature, value)
