"""Null kinds: what each null in the JSON of an answer stands for, since JSON has no numbers that are not finite."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from foreseen.domain.values.json_type import Json

NULL: Final = b"null"
"""What an answer contains if any null is in it, though a text in it may contain the same."""

_MISSING: Final = ord("0")
_NUMBERS: Final[Mapping[int, float]] = {ord("n"): math.nan, ord("+"): math.inf, ord("-"): -math.inf}


def null_kinds(value: Json) -> bytes:
    """Return a byte for each null that a value has in JSON, in the order of the document.

    They are `n` for NaN, `+` for Infinity, `-` for -Infinity and `0` for nothing. If all are nothing, none is needed:
    the result is empty.
    """
    kinds = bytes(_kinds(value))
    return kinds if kinds.strip(b"0") else b""


def with_numbers(value: Json, kinds: bytes) -> Json:
    """Return a value that was read from JSON with its nulls replaced by what they stand for.

    Args:
        kinds: as `null_kinds` returned them for the same value.
    """
    return _restored(value, iter(kinds)) if kinds else value


def finite(value: Json) -> Json:
    """Return a value with every number that is not finite replaced by None, as JSON has it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [finite(part) for part in value]
    return value


def _kinds(value: Json) -> Iterator[int]:
    if value is None:
        yield _MISSING
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield next(kind for kind, number in _NUMBERS.items() if str(number) == str(float(value)))
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _kinds(part)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for part in value:
            yield from _kinds(part)


def _restored(value: Json, kinds: Iterator[int]) -> Json:
    if value is None:
        return _NUMBERS.get(next(kinds, _MISSING))
    if isinstance(value, Mapping):
        return {name: _restored(part, kinds) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_restored(part, kinds) for part in value]
    return value
