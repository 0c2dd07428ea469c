"""Columns of any type as text: as cells of CSV, and as JSON."""

import json
import math
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.cells import text_bytes
from foreseen.domain.predictions import Json, finite

JSON: Final = pa.json_(pa.string())
"""Text that is JSON; where it is null, its object had no such field."""

_ESCAPED: Final = bytes(range(0x20)) + b'"\\'
_JSON_NUMBER: Final = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"


def as_cells_of_text(column: pa.Array) -> pa.Array:
    """Give each value as a cell shows it: null as nothing, a list as JSON."""
    if column.type == JSON:
        return _unquoted(column.storage)
    plain = as_plain(column)
    if pa.types.is_string(plain.type):
        return plain
    if pa.types.is_nested(plain.type) or pa.types.is_binary(plain.type) or pa.types.is_large_binary(plain.type):
        return pa.array([None if value is None else _dumped(value) for value in plain.to_pylist()], pa.string())
    return pc.cast(plain, pa.string())


def as_json(column: pa.Array) -> pa.Array:
    """Give each value as JSON; null only where a JSON object had no such field."""
    if column.type == JSON:
        return column.storage
    plain = as_plain(column)
    if pa.types.is_string(plain.type):
        found = _quoted(plain)
    elif pa.types.is_floating(plain.type):
        found = pc.if_else(pc.is_finite(plain), pc.cast(plain, pa.string()), None)
    elif pa.types.is_integer(plain.type) or pa.types.is_boolean(plain.type):
        found = pc.cast(plain, pa.string())
    elif pa.types.is_nested(plain.type) or pa.types.is_null(plain.type):
        return pa.array([_dumped(value) for value in plain.to_pylist()], pa.string())
    else:
        found = _quoted(as_cells_of_text(plain))
    return pc.fill_null(found, "null")


def numbers_as_json(cells: pa.Array) -> pa.Array:
    """Give cells that were read as numbers, bools or lists as JSON writes them; nothing is null."""
    plain = pc.match_substring_regex(cells, _JSON_NUMBER)
    if pc.all(plain, min_count=0).as_py():
        return cells
    return pa.array([_number(text) for text in cells.to_pylist()], pa.string())


def json_texts(values: Sequence[Json]) -> pa.Array:
    """Give values of an answer as JSON, as HTTP shows them."""
    if (numbers := _float_texts(values)) is not None:
        return pc.fill_null(numbers, "null")
    if (strings := _strings(values)) is not None:
        return pc.fill_null(_quoted(strings), "null")
    return pa.array([_dumped(value) for value in values], pa.string())


def cell_texts(values: Sequence[Json]) -> pa.Array:
    """Give values of an answer as cells: as JSON, but for strings, as they are, and null, as nothing."""
    for found in (_float_texts(values), _strings(values)):
        if found is not None:
            return found
    return pa.array([value if isinstance(value, str) else _cell(_dumped(value)) for value in values], pa.string())


def as_plain(column: pa.Array) -> pa.Array:
    """Give a column without dictionaries, and all text in the one type for it."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return pc.cast(column, pa.string()) if is_text(column.type) else column


def is_text(kind: pa.DataType) -> bool:
    """Say whether values of a type are strings."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _float_texts(values: Sequence[Json]) -> pa.Array | None:
    """Give floats as JSON writes them, those that it cannot write as null; None if there are others than floats."""
    if not len(values) or not isinstance(values[0], float):
        return None
    try:
        numbers = pa.array(values, pa.float64())
        distinct = numbers.dictionary_encode()  # a forest's probabilities are a hundred numbers in all
        texts = [_float_text(value) for value in distinct.dictionary.to_pylist()]
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
        return None
    if any(isinstance(value, int) for value in values):
        return None
    return pa.array(texts, pa.string()).take(distinct.indices)


def _float_text(value: float) -> str | None:
    return float.__repr__(value) if math.isfinite(value) else None


def _strings(values: Sequence[Json]) -> pa.Array | None:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None


def _quoted(texts: pa.Array) -> pa.Array:
    """Give strings as JSON."""
    if not any(map(text_bytes(texts).__contains__, _ESCAPED)):
        return pc.binary_join_element_wise('"', texts, '"', "")
    escaped = [None if text is None else json.dumps(text, ensure_ascii=False) for text in texts.to_pylist()]
    return pa.array(escaped, pa.string())


def _unquoted(texts: pa.Array) -> pa.Array:
    """Give JSON as cells: strings as they are, null as nothing."""
    if text_bytes(texts).find(b'"') < 0:
        return pc.if_else(pc.equal(texts, "null"), None, texts)
    return pa.array([_cell(text) for text in texts.to_pylist()], pa.string())


def _cell(text: str | None) -> str | None:
    if text is None or text == "null":
        return None
    return str(json.loads(text)) if text.startswith('"') else text


def _number(text: str | None) -> str:
    if not text or text.lower() == "nan":
        return "null"
    try:
        return _dumped(json.loads(text))
    except ValueError:
        pass
    if text.lower() in ("true", "false", "t", "f"):
        return "true" if text.lower().startswith("t") else "false"
    return _dumped(int(text) if text.lstrip("+-").isdigit() else float(text))


def _dumped(value: Any) -> str:
    return json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"), default=str)
