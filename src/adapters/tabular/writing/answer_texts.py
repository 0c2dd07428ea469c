"""Values of answers as text: as JSON, as cells of CSV, and in the spool of a Parquet file."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.columns_as_text import dumped, quoted
from foreseen.domain.values.batch import Column
from foreseen.domain.values.json_type import Json

_Words = Mapping[str, str | None]
"""Texts of numbers that are not finite, by Python's repr; None for null."""
_IN_JSON: Final[_Words] = {"nan": None, "inf": None, "-inf": None}
_IN_CELLS: Final[_Words] = {"nan": "nan", "inf": "inf", "-inf": "-inf"}
_IN_SPOOL: Final[_Words] = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def json_texts(values: Sequence[Json] | Column) -> pa.Array:
    """Return values as JSON, as HTTP shows them: null for a number that is not finite."""
    if (numbers := _float_texts(values, _IN_JSON)) is not None:
        return pc.fill_null(numbers, "null")
    if (strings := _strings(values)) is not None:
        return pc.fill_null(quoted(strings), "null")
    return pa.array([dumped(value) for value in values], pa.string())


def cell_texts(values: Sequence[Json] | Column) -> pa.Array:
    """Return values as cells: strings and numbers as text, null as null, anything else as JSON."""
    for found in (_float_texts(values, _IN_CELLS), _strings(values)):
        if found is not None:
            return found
    return pa.array([_cell(value) for value in values], pa.string())


def spool_texts(values: Sequence[Json] | Column) -> pa.Array:
    """Return values as JSON that Python reads back unchanged, including numbers that are not finite."""
    if (numbers := _float_texts(values, _IN_SPOOL)) is not None:
        return pc.fill_null(numbers, "null")
    return pa.array([json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values], pa.string())


def _float_texts(values: Sequence[Json] | Column, words: _Words) -> pa.Array | None:
    """Return floats as JSON writes them, and `words` for those that it cannot; None if there are other values."""
    if not len(values) or not isinstance(values[0], float):
        return None
    try:
        numbers = pa.array(values, pa.float64())
        distinct = numbers.dictionary_encode()  # a forest's probabilities are a hundred numbers in all
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
        return None
    if not isinstance(values, np.ndarray) and any(isinstance(value, int) for value in values):
        return None
    texts = [_float_text(value, words) for value in distinct.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(distinct.indices)


def _float_text(value: float, words: _Words) -> str | None:
    text = float.__repr__(value)
    return text if math.isfinite(value) else words[text]


def _strings(values: Sequence[Json] | Column) -> pa.Array | None:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None


def _cell(value: Json) -> str | None:
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, float):
        return _float_text(value, _IN_CELLS)
    return dumped(value)
