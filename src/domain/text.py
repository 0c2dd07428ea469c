"""Text: the values of features as text writes them, in a query string or a cell of a file."""

import json
import re
from math import isfinite
from typing import Any, Final

from foreseen.domain.datetimes import PLAIN, ZONED, nanoseconds
from foreseen.domain.errors import MISSING_HINT, Flaw, InvalidBatchError
from foreseen.domain.signature import DATETIMES, FLOATS, MAX_EXACT_INTEGER, Feature

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?\d+", re.ASCII)
_BOOLS: Final = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_SHOWN_LENGTH: Final = 60
_FLOAT32_MAX: Final = 3.4028235677973366e38
"""The least number that a float32 rounds up to infinity is this one; below it stand those that round to its largest."""


def read_text(feature: Feature, text: str) -> Any:
    """Read one value of a feature.

    Numbers are decimal; true, t, 1 and false, f, 0 are bools, in any case;
    dates and times are ISO 8601; a tensor is a JSON list. Nothing at all is a missing value where one may be missing,
    and so is "nan" for a number; else a string is taken as it is.

    Raises:
        InvalidBatchError: one flaw, without a row.
    """
    if feature.shape:
        return _tensor(feature, text)
    if feature.dtype == "string":
        return None if feature.missing and not text else text
    if not text or (text.lower() == "nan" and feature.missing):
        return _nothing(feature)
    if feature.dtype in DATETIMES:
        return _datetime(feature, text)
    if feature.dtype == "bool":
        return _bool(feature, text)
    return _float(feature, text) if feature.dtype in FLOATS else _integer(feature, text)


def _nothing(feature: Feature) -> None:
    if not feature.missing:
        raise InvalidBatchError([Flaw(expected_value(feature), "nothing", feature=feature.name, hint=MISSING_HINT)])


def expected_value(feature: Feature) -> str:
    """Word what a value of a feature is."""
    if feature.dtype in DATETIMES:
        return ZONED if feature.dtype == "datetime_tz" else PLAIN
    if feature.dtype in FLOATS:
        return "a number"
    return {"string": "a string", "bool": "true or false"}.get(feature.dtype, "an integer")


def _datetime(feature: Feature, text: str) -> int:
    try:
        return nanoseconds(text, has_zone=feature.dtype == "datetime_tz")
    except ValueError as exc:
        raise _refused(feature, str(exc), text) from None


def _bool(feature: Feature, text: str) -> bool:
    value = _BOOLS.get(text.lower())
    if value is None:
        raise _refused(feature, "true or false", text)
    return value


def _float(feature: Feature, text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise _refused(feature, "a number", text)
    if _INTEGER.fullmatch(text) and abs(_whole(feature, text)) > MAX_EXACT_INTEGER:
        raise _refused(feature, "an integer from -2^53 to 2^53", text)
    value = float(text)
    if not isfinite(value) or (feature.dtype == "float32" and abs(value) >= _FLOAT32_MAX):
        raise _refused(feature, f"a finite {feature.dtype} number", text)
    return value


def _integer(feature: Feature, text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise _refused(feature, "an integer", text)
    value, (low, high) = _whole(feature, text), feature.bounds
    if not low <= value <= high:
        raise _refused(feature, f"an integer from {low} to {high}", text)
    return value


def _whole(feature: Feature, text: str) -> int:
    if len(text) > 300:  # longer than any float64; Python refuses thousands of digits with an error of its own
        raise _refused(feature, "an integer from -2^53 to 2^53", text)
    return int(text)


def _tensor(feature: Feature, text: str) -> Any:
    shape = " x ".join(map(str, feature.shape))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise _refused(feature, f"a JSON list of {shape} numbers", text) from None
    flaw = tensor_flaw(feature, value)
    if flaw is not None:
        raise InvalidBatchError([flaw])
    return value


def tensor_flaw(feature: Feature, value: Any, position: tuple[int, ...] = ()) -> Flaw | None:
    """Say what is wrong with a nested list for a tensor feature, if anything: a length, a depth, or a value's type."""
    depth = len(position)
    if depth == len(feature.shape):
        wanted = float | int if feature.dtype in FLOATS else bool if feature.dtype == "bool" else int
        if isinstance(value, wanted) and (feature.dtype == "bool" or not isinstance(value, bool)):
            is_exact = not isinstance(value, int) or abs(value) <= MAX_EXACT_INTEGER
            expected = "an integer from -2^53 to 2^53"
            return None if is_exact else Flaw(expected, shown(value), feature=feature.name, position=position)
        return Flaw("a number", shown(value), feature=feature.name, position=position)
    length = feature.shape[depth]
    if not isinstance(value, list) or len(value) != length:
        got = f"{len(value)}" if isinstance(value, list) else shown(value)
        return Flaw(f"a list of {length}", got, feature=feature.name, position=position)
    parts = (tensor_flaw(feature, part, (*position, index)) for index, part in enumerate(value))
    return next((flaw for flaw in parts if flaw is not None), None)


def shown(value: object) -> str:
    """Show what somebody sent, as JSON would write it, cut to a readable length."""
    if value == "":
        return "nothing"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"


def _refused(feature: Feature, expected: str, text: str) -> InvalidBatchError:
    return InvalidBatchError([Flaw(expected, shown(text), feature=feature.name)])
