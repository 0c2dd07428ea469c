"""One column of JSON texts as the values of one feature, by the rules of a request's instances."""

import json
from typing import Final, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.text_columns import RejectedCells, Values, plain_values, read_each, read_rest
from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.batch import Column
from foreseen.domain.values.feature_values import expected_value, read_value
from foreseen.domain.values.signature import DATETIMES, Feature

_PLAIN_STRING: Final = r'^"[^"\\]+"$'


def read_json_column(feature: Feature, values: pa.Array) -> tuple[Values, RejectedCells]:
    """Read n values; one that its object lacks is null.

    Returns:
        n values, with stand-ins for rejected ones, and the reason for each rejected row.
    """
    texts = pc.fill_null(values.storage, "null")
    if feature.shape:
        return read_each(feature, texts.to_pylist(), lambda text: _read(feature, text))
    if feature.dtype == "string":
        return _strings(feature, texts)
    found, doubtful = plain_values(feature, _cells(feature, texts))
    return found, read_rest(feature, found, doubtful, texts, lambda text: _read(feature, text))


def _cells(feature: Feature, texts: pa.Array) -> pa.Array:
    """Return the values as cells: every number of JSON is one in a cell as well."""
    cells = pc.if_else(pc.equal(texts, "null"), "", texts) if feature.missing else texts
    if feature.dtype not in DATETIMES:
        return cells
    unquoted = pc.utf8_slice_codeunits(cells, 1, -1)
    return pc.if_else(pc.match_substring_regex(cells, _PLAIN_STRING), unquoted, cells)


def _read(feature: Feature, text: str) -> object:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):  # a number of thousands of digits, or lists within lists without end
        raise InvalidBatchError([Violation(expected_value(feature), f"{text[:40]}…", feature=feature.name)]) from None
    return read_value(feature, value)


def _strings(feature: Feature, texts: pa.Array) -> tuple[Column, RejectedCells]:
    found = np.empty(len(texts), dtype=object)
    rejected: RejectedCells = {}
    for row, text in enumerate(texts.to_pylist()):
        try:
            found[row] = text[1:-1] if text[0] == '"' and "\\" not in text else _encodable(feature, text)
        except InvalidBatchError as exc:
            found[row] = ""
            rejected[row] = str(exc)
    return found, rejected


def _encodable(feature: Feature, text: str) -> str | None:
    value = cast("str | None", _read(feature, text))  # as the feature is a string
    try:
        (value or "").encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        raise InvalidBatchError([Violation("a string of Unicode characters", text, feature=feature.name)]) from None
    return value
