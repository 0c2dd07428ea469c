"""Values of tensors in JSON, flat or nested, converted in the datatype that the request declares."""

import sys
from collections.abc import Callable, Sequence
from itertools import chain
from math import prod
from typing import Final, cast

import numpy as np

from foreseen.domain.values.shown_value import shown
from foreseen.domain.values.signature import MAX_EXACT_INTEGER
from foreseen.entrypoints.http.protocols.oip.datatypes import BOOL, BYTES, DTYPES, FP16, FP64, Values, bad_request
from foreseen.entrypoints.http.requests.json_body import json_kind
from foreseen.entrypoints.http.responses.problems import Rejection

_NOTHING: Final = type(None)
_NUMBERS: Final = {int, float, bool, _NOTHING}


def values_of_json(place: str, datatype: str, shape: Sequence[int], data: object) -> Values:
    """Return the values of a tensor, of its shape.

    Numbers of equal value are equal, as in every other body: 3.0 is an integer, and true is 1. Null is a missing value.

    Args:
        place: of the tensor, for messages.
    Raises:
        Rejection: they do not fit the shape or the datatype (400).
    """
    if datatype == FP16:
        raise bad_request(f"{place}: expected FP16 as binary data, since JSON has no such numbers, got data")
    flat = _flat(f"{place}.data", shape, data)
    if datatype == BYTES:
        return _texts(place, flat).reshape(shape)
    kinds = set(map(type, flat))
    _checked(place, datatype, flat, lambda value: type(value) in _NUMBERS)
    if datatype.startswith("FP"):
        return _floats(place, datatype, flat, kinds).reshape(shape)
    return _integers(place, datatype, flat, kinds).reshape(shape)


def _flat(place: str, shape: Sequence[int], data: object) -> list[object]:
    """Return all values in row-major order."""
    if not isinstance(data, list):
        raise bad_request(f"{place}: expected a list of the values, flat or nested, got {json_kind(data)}")
    if len(shape) == 1 or not (data and isinstance(data[0], list)):
        if len(data) != prod(shape):
            raise bad_request(f"{place}: expected {prod(shape)} values for shape {list(shape)}, got {len(data)}")
        return data
    lists: list[object] = [data]
    for length in shape:
        for each in lists:
            if not isinstance(each, list) or len(each) != length:
                got = f"a list of {len(each)}" if isinstance(each, list) else json_kind(each)
                raise bad_request(
                    f"{place}: expected lists within lists of shape {list(shape)}, or one flat list, got {got}"
                    f" where a list of {length} belongs"
                )
        lists = list(chain.from_iterable(cast("list[list[object]]", lists)))
    return lists


def _texts(place: str, flat: list[object]) -> Values:
    return _objects(_checked(place, BYTES, flat, lambda value: value is None or isinstance(value, str)))


def _floats(place: str, datatype: str, flat: list[object], kinds: set[type]) -> Values:
    is_long = int in kinds and any(isinstance(each, int) and abs(each) > MAX_EXACT_INTEGER for each in flat)
    if is_long and datatype == FP64:
        return _objects(flat)  # the feature decides, as of any integer that may be no float64
    try:
        given = np.array(flat, dtype=np.float64)  # None becomes NaN
    except OverflowError:
        _checked(place, datatype, flat, lambda value: not isinstance(value, int) or abs(value) <= sys.float_info.max)
        raise
    with np.errstate(over="ignore"):
        values: Values = given.astype(DTYPES[datatype])
    overflown = np.isinf(values) & np.isfinite(given)
    if overflown.any():
        raise _rejected(place, datatype, flat, int(np.argmax(overflown)))
    return values


def _integers(place: str, datatype: str, flat: list[object], kinds: set[type]) -> Values:
    dtype = np.dtype(DTYPES[datatype])
    low, high = bounds_of(datatype)

    def fits(value: object) -> bool:
        if value is None or value != value:
            return True
        number = cast("float", value)
        is_exact = isinstance(number, int) or (number.is_integer() and abs(number) < MAX_EXACT_INTEGER)
        return is_exact and low <= number <= high

    _checked(place, datatype, flat, fits)
    if kinds <= {int, bool}:
        return np.array(flat, dtype=dtype)
    read = bool if datatype == BOOL else int
    values = [None if each is None or each != each else read(cast("float", each)) for each in flat]
    return _objects(values) if None in values else np.array(values, dtype=dtype)


def bounds_of(datatype: str) -> tuple[int, int]:
    """Return the least and the largest number of a datatype of integers, or of BOOL."""
    if datatype == BOOL:
        return 0, 1
    limits = np.iinfo(np.dtype(DTYPES[datatype]))
    return int(limits.min), int(limits.max)


def _checked(place: str, datatype: str, flat: list[object], is_right: Callable[[object], bool]) -> list[object]:
    if not all(map(is_right, flat)):
        raise _rejected(place, datatype, flat, next(at for at, each in enumerate(flat) if not is_right(each)))
    return flat


def _rejected(place: str, datatype: str, flat: list[object], at: int) -> Rejection:
    if datatype == BYTES:
        expected = "a string"
    elif datatype == BOOL:
        expected = "true or false"
    elif datatype.startswith("FP"):
        expected = f"a number that {datatype} can hold"
    else:
        low, high = bounds_of(datatype)
        expected = f"an integer from {low} to {high}"
    return bad_request(f"{place}.data[{at}]: expected {expected} ({datatype}), got {shown(flat[at])}")


def _objects(values: Sequence[object]) -> Values:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return cast("Values", array)
