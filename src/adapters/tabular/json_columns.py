"""One column of JSON texts as the values of one feature, by the rules of a request's instances."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.csv_columns import read_column
from foreseen.domain.signature import FLOATS, Feature
from foreseen.domain.text import shown


def read_json_column(feature: Feature, values: pa.Array) -> tuple[Any, dict[int, str]]:
    """Read n values; a null is one that its object does not have.

    Returns:
        n values that stand in for the refused ones where there are any, and the reason for each refused row.
    """
    texts = values.storage
    absent = dict.fromkeys(_rows(pc.is_null(texts)), "expected a value, got nothing")
    texts = pc.fill_null(texts, "null")
    if feature.dtype == "string":
        found, refused = _strings(feature, texts)
    elif feature.dtype == "bool" and not feature.shape:
        place = pc.fill_null(pc.index_in(texts, pa.array(["false", "true"])), -1).to_numpy()
        found = place == 1
        refused = {row: _worded("true or false", texts[row].as_py()) for row in map(int, np.flatnonzero(place < 0))}
    else:
        found, refused = _numbers(feature, texts)
    return found, refused | absent


def _numbers(feature: Feature, texts: pa.Array) -> tuple[Any, dict[int, str]]:
    """Read numbers as cells are read: what JSON takes for one, cells take as well."""
    cells = pc.if_else(pc.equal(texts, "null"), "", texts) if feature.missing else texts
    values, refused = read_column(feature, cells)
    if not feature.shape:
        expected = "a number" if feature.dtype in FLOATS else "an integer"
        refused |= {row: _worded(expected, text) for row in refused if not _is_number(text := str(texts[row].as_py()))}
    return values, refused


def _strings(feature: Feature, texts: pa.Array) -> tuple[Any, dict[int, str]]:
    found = np.empty(len(texts), dtype=object)
    refused: dict[int, str] = {}
    for row, text in enumerate(texts.to_pylist()):
        value = text[1:-1] if text[0] == '"' and "\\" not in text else json.loads(text)
        if isinstance(value, str) and _encodes(value):
            found[row] = value
        elif value is not None or not feature.missing:
            found[row] = ""
            refused[row] = _worded("a string", text)
    return found, refused


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _is_number(text: str) -> bool:
    return text[0] in "-0123456789"


def _worded(expected: str, text: str) -> str:
    return f"expected {expected}, got {shown(json.loads(text))}"


def _rows(mask: pa.Array) -> list[int]:
    return [int(row) for row in np.flatnonzero(mask.to_numpy(zero_copy_only=False))]
