"""Values of entries: those of a model's outputs, as its answers in JSON and what was null in them say."""

from collections.abc import Iterator
from math import inf, nan
from typing import Final, cast

import msgspec

from foreseen.domain.values.predictions import Json

_NUMBERS: Final = {"n": nan, "+": inf, "-": -inf}


def entry_values(body: bytes, nulls: bytes) -> dict[str, Json]:
    """Return the members of an entry.

    Args:
        body: its JSON object.
        nulls: a byte for each null of it, in order: n for NaN, + and - for the infinities, 0 for None; empty if all are
            None, or if what they were is unknown.
    """
    members = cast("dict[str, Json]", msgspec.json.decode(body))
    if not nulls:
        return members
    codes = iter(nulls.decode("ascii", errors="replace"))
    return {name: _restored(value, codes) for name, value in members.items()}


def _restored(value: Json, codes: Iterator[str]) -> Json:
    if value is None:
        return _NUMBERS.get(next(codes, ""))
    if isinstance(value, list):
        return [_restored(part, codes) for part in value]
    if isinstance(value, dict):
        return {name: _restored(part, codes) for name, part in value.items()}
    return value
