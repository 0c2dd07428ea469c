"""Values of features as JSON writes them, and the one rule for which of them are accepted."""

import json
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Final

from foreseen.domain.errors import MISSING_HINT, InvalidBatchError, Violation
from foreseen.domain.values.datetimes import PLAIN, ZONED, nanoseconds
from foreseen.domain.values.shown_value import shown
from foreseen.domain.values.signature import DATETIMES, FLOATS, MAX_EXACT_INTEGER, DType, Feature

_FLOAT32_OVERFLOW: Final = 3.4028235677973366e38
"""The least number that a float32 rounds up to infinity; any below it rounds to the largest float32 at the most."""

_Position = tuple[int, ...]


def read_value(feature: Feature, value: object) -> object:
    """Read one value of a feature from JSON.

    Numbers of equal value are equal, however they are written: 3.0 is an integer, true and false are 1 and 0 to a
    number, 1 and 0 are true and false to a bool. Null and NaN are a missing value. Dates and times are ISO 8601 text.

    Returns:
        What keys and batches are made of: a number, a bool, a string, nanoseconds since 1970, None where missing, and
        nested lists for a tensor.

    Raises:
        InvalidBatchError: one violation, without a row.
    """
    return _tensor(feature, value, ()) if feature.shape else _scalar(feature, value, ())


def expected_value(feature: Feature) -> str:
    """Return what a value of a feature has to be, for a message."""
    if feature.dtype in FLOATS:
        return "a number"
    known = {"string": "a string", "bool": "true or false", "datetime": PLAIN, "datetime_tz": ZONED}
    return known.get(feature.dtype, "an integer")


def rejected_value(
    feature: Feature, expected: str, got: str, position: _Position = (), *, likely: DType | None = None
) -> InvalidBatchError:
    """Return the error for a value that a feature cannot hold, with a hint if the feature's dtype is a guess.

    Args:
        likely: the dtype of such a value; None to infer it from the feature's, and from how the value is shown.
    """
    hint = guess_hint(feature, likely or _likely(feature, got)) if feature.is_guess else ""
    return InvalidBatchError([Violation(expected, got, feature=feature.name, position=position, hint=hint)])


def _likely(feature: Feature, got: str) -> DType:
    others: dict[str, DType] = {"datetime": "datetime_tz", "datetime_tz": "datetime", "string": "int64"}
    return others.get(feature.dtype) or ("string" if got.startswith('"') else "float64")


@lru_cache
def guess_hint(feature: Feature, likely: str) -> str:
    """Return the hint to declare the dtype of a feature, if it is a guess and another dtype is likely."""
    return (
        f"nothing says for certain that it is {feature.dtype}; if it was fitted on another dtype, declare that in the "
        f"sidecar: [[features]] name = {json.dumps(feature.name, ensure_ascii=False)}, dtype = {json.dumps(likely)}"
    )


def accept_missing(feature: Feature, got: str = "nothing", position: _Position = ()) -> None:
    """Accept a missing value of a feature; raise InvalidBatchError if none may be missing."""
    if not feature.missing:
        raise InvalidBatchError([Violation(expected_value(feature), got, None, feature.name, position, MISSING_HINT)])


def float_of(feature: Feature, number: float, given: object, position: _Position = ()) -> float:
    """Return a number that a float feature can hold; raise InvalidBatchError, with what was given, for any other."""
    if isinstance(number, int) and abs(number) > MAX_EXACT_INTEGER:
        if not _is_float(number):
            raise rejected_value(feature, "an integer from -2^53 to 2^53", shown(given), position)
        number = float(number)
    if not isfinite(number) or (feature.dtype == "float32" and abs(number) >= _FLOAT32_OVERFLOW):
        raise rejected_value(feature, f"a finite {feature.dtype} number", shown(given), position)
    return number


def _is_float(number: int) -> bool:
    """Return whether an integer is exactly a float, or a float as JavaScript and Go write it below 10^21."""
    try:
        nearest = float(number)
    except OverflowError:
        return False
    return int(nearest) == number or int(Decimal(repr(nearest))) == number


def integer_of(feature: Feature, number: float, given: object, position: _Position = ()) -> int:
    """Return a number that an integer feature can hold, as an integer; raise as `float_of` for any other."""
    if number % 1:
        raise rejected_value(feature, "an integer", shown(given), position, likely="float64")
    low, high = feature.bounds
    # A float of 2^53 may have been written as another integer, which it does not hold.
    is_exact = isinstance(number, int) or abs(number) < MAX_EXACT_INTEGER
    if not is_exact or not low <= number <= high:
        raise rejected_value(feature, f"an integer from {low} to {high}", shown(given), position)
    return int(number)


def datetime_of(feature: Feature, text: str) -> int:
    """Return ISO 8601 text as nanoseconds since 1970; raise InvalidBatchError for any other text."""
    try:
        return nanoseconds(text, has_zone=feature.dtype == "datetime_tz")
    except ValueError as exc:
        raise rejected_value(feature, str(exc), shown(text)) from None


def _tensor(feature: Feature, value: object, position: _Position) -> object:
    depth = len(position)
    if depth == len(feature.shape):
        return _scalar(feature, value, position)
    length = feature.shape[depth]
    if not isinstance(value, list):
        raise rejected_value(feature, "a list", shown(value), position)
    if len(value) != length:
        raise rejected_value(feature, f"a list of {length}", str(len(value)), position)
    return [_tensor(feature, part, (*position, index)) for index, part in enumerate(value)]


def _scalar(feature: Feature, value: object, position: _Position) -> object:
    if value is None or value != value:
        accept_missing(feature, shown(value), position)
        return None
    if isinstance(value, str):
        if feature.dtype == "string":
            return value
        if feature.dtype in DATETIMES:
            return datetime_of(feature, value)
    elif isinstance(value, int | float) and (feature.is_integral or feature.dtype in FLOATS):
        return _number(feature, value, position)
    raise rejected_value(feature, expected_value(feature), shown(value), position)


def _number(feature: Feature, value: float, position: _Position) -> float:
    if feature.dtype == "bool":
        if value in (0, 1):
            return bool(value)
        raise rejected_value(feature, "true or false", shown(value), position)
    number = int(value) if isinstance(value, bool) else value
    read = float_of if feature.dtype in FLOATS else integer_of
    return read(feature, number, value, position)
