"""Columns of any type as text: as cells of CSV, and as JSON."""

import json
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.json_numbers import json_number
from foreseen.adapters.tabular.columns.plain_columns import as_plain
from foreseen.adapters.tabular.columns.text_buffers import text_bytes
from foreseen.domain.values.batch import Column
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.null_kinds import finite

JSON: Final = pa.json_(pa.string())
"""Text that is JSON; null means that the object had no such field."""

_ESCAPED: Final = bytes(range(0x20)) + b'"\\'
_JSON_NUMBER: Final = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"


def as_cells_of_text(column: pa.Array) -> pa.Array:
    """Return each value as the text of a cell, a list as JSON; nulls stay null."""
    if column.type == JSON:
        return _unquoted(column.storage)
    plain = as_plain(column)
    if pa.types.is_string(plain.type):
        return plain
    if pa.types.is_nested(plain.type):
        return pa.array([None if value is None else dumped(value) for value in plain.to_pylist()], pa.string())
    if _is_bytes(plain.type):
        return pa.array([None if value is None else _decoded(value) for value in plain.to_pylist()], pa.string())
    if pa.types.is_timestamp(plain.type) and plain.type.tz is not None:
        return _instants(plain)
    if isinstance(plain.type, pa.BaseExtensionType):
        return _shown(plain) if plain.type == pa.uuid() else as_cells_of_text(plain.storage)
    if pa.types.is_floating(plain.type):
        return _float_texts(plain)
    try:
        return pc.cast(plain, pa.string())
    except pa.ArrowNotImplementedError:
        return _shown(plain)


def as_json(column: pa.Array) -> pa.Array:
    """Return each value as JSON; null only if a JSON object had no such field."""
    if column.type == JSON:
        return column.storage
    plain = as_plain(column)
    if pa.types.is_string(plain.type):
        found = quoted(plain)
    elif pa.types.is_floating(plain.type):
        found = pc.if_else(pc.is_finite(plain), _float_texts(plain), None)
    elif pa.types.is_integer(plain.type) or pa.types.is_boolean(plain.type) or pa.types.is_decimal(plain.type):
        found = pc.cast(plain, pa.string())
    elif pa.types.is_nested(plain.type) or pa.types.is_null(plain.type):
        return pa.array([dumped(value) for value in plain.to_pylist()], pa.string())
    else:
        found = quoted(as_cells_of_text(plain))
    return pc.fill_null(found, "null")


def numbers_as_json(cells: pa.Array, values: Column | None) -> pa.Array:
    """Return cells that were read as numbers, bools or lists, as JSON writes them.

    Args:
        values: the values read, which replace cells that JSON cannot contain; None writes null for these.
    """
    plain = pc.match_substring_regex(cells, _JSON_NUMBER)
    if pc.all(plain, min_count=0).as_py():
        return cells
    texts = cells.to_pylist()
    for row in np.flatnonzero(~plain.to_numpy(zero_copy_only=False)).tolist():
        value = None if values is None else values[row].tolist()
        texts[row] = json_number(texts[row]) or dumped(value)
    return pa.array(texts, pa.string())


def quoted(texts: pa.Array) -> pa.Array:
    """Return strings as JSON."""
    if not any(map(text_bytes(texts).__contains__, _ESCAPED)):
        return pc.binary_join_element_wise('"', texts, '"', "")
    escaped = [None if text is None else json.dumps(text, ensure_ascii=False) for text in texts.to_pylist()]
    return pa.array(escaped, pa.string())


def dumped(value: Json) -> str:
    """Return one value as JSON; null for numbers in it that are not finite."""
    return json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"), default=_no_json)


def _no_json(value: object) -> str:
    return _decoded(value) if isinstance(value, bytes) else str(value)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _decoded(value: bytes) -> str:
    """Return bytes as text, since Impala writes texts as plain bytes; bytes that are not UTF-8 as `\\xff`."""
    return value.decode(errors="backslashreplace")


def _float_texts(numbers: pa.Array) -> pa.Array:
    """Return floats as text; Arrow writes -0.0 as -0, which JSON reads as an integer without a sign."""
    texts = pc.cast(numbers, pa.string())
    return pc.if_else(pc.equal(texts, "-0"), "-0.0", texts)


def _instants(times: pa.Array) -> pa.Array:
    """Return times as text; in UTC if this machine does not know their zone."""
    try:
        return pc.cast(times, pa.string())
    except (pa.ArrowInvalid, OSError):
        return pc.cast(times.cast(pa.timestamp(times.type.unit, "UTC")), pa.string())


def _shown(values: pa.Array) -> pa.Array:
    return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())


def _unquoted(texts: pa.Array) -> pa.Array:
    """Return JSON as cells: strings without quotes, null as a null."""
    if text_bytes(texts).find(b'"') < 0:
        return pc.if_else(pc.equal(texts, "null"), None, texts)
    return pa.array([_cell(text) for text in texts.to_pylist()], pa.string())


def _cell(text: str | None) -> str | None:
    if text is None or text == "null":
        return None
    return str(json.loads(text)) if text.startswith('"') else text
