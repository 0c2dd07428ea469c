"""The rows of an answer: whatever a model's method returned, one element per row.

Each row keeps its type. In one array, 0.5 beside "book" would become text, and 1 beside 0.5 a float.
"""

from collections.abc import Iterable, Mapping, Set, Sized
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from foreseen.adapters.predictor.scikit_learn.outputs.array_likes import rows_of_array_like, rows_of_columns
from foreseen.adapters.predictor.scikit_learn.outputs.json_values import json_value
from foreseen.domain.errors import PredictionError, UnanswerableError

Rows = Any
"""An array or a sequence with one element per row."""


@dataclass(frozen=True, slots=True)
class SeveralOutputs:
    """The rows of each output, if a method returned a list of arrays."""

    rows: list[Rows]


def returned_rows(method: str, answer: object, n: int, *, has_class_values: bool) -> Rows | SeveralOutputs:
    """Return what a method returned for n rows as n rows; an iterator is read.

    Args:
        has_class_values: whether it returns a number per class, and so a list of matrices for several targets.
    Raises:
        UnanswerableError: it has no rows.
        PredictionError: it has more or fewer than n.
    """
    if has_class_values and (parts := _outputs_of(answer)):
        return SeveralOutputs([_rows_of(method, part, n) for part in parts])
    return _rows_of(method, answer, n)


def row_bits(rows: Rows | SeveralOutputs) -> list[bytes]:
    """Return each row as the bits that the model computed: equal only if these are."""
    if isinstance(rows, SeveralOutputs):
        return [b"".join(parts) for parts in zip(*map(row_bits, rows.rows), strict=True)]
    if isinstance(rows, np.ndarray) and rows.dtype.kind in "biufc" and not isinstance(rows, np.ma.MaskedArray):
        # A longdouble has padding bytes, whose content is undefined.
        plain = rows.astype(np.float64) if rows.dtype.char == "g" else rows
        return [row.tobytes() for row in plain]
    return [repr(json_value(row)).encode() for row in rows]


def _outputs_of(answer: object) -> list[object]:
    """Return the matrices of a list with one per output, such as probabilities of several; otherwise nothing."""
    if not isinstance(answer, list | tuple) or not all(len(getattr(part, "shape", ())) == 2 for part in answer):
        return []
    return list(answer)


def _rows_of(method: str, answer: object, n: int) -> Rows:
    rows = _rows(answer, n)
    if rows is None or (isinstance(rows, np.ndarray) and rows.ndim == 0):
        got = "None" if answer is None else f"a single {type(answer).__qualname__}"
        raise UnanswerableError(f"expected {n} rows from {method}, one answer each, got {got}")
    if len(rows) != n:
        is_cut = len(rows) > n and not hasattr(answer, "__len__")
        raise PredictionError(
            f"expected {n} rows from {method}, one answer each, got {'more' if is_cut else len(rows)}"
        )
    return rows


def _rows(answer: object, n: int) -> Rows | None:
    if isinstance(answer, list | tuple):
        return answer
    if isinstance(answer, str | bytes | bytearray | Set):  # no rows, or unordered
        return None
    if isinstance(answer, Mapping):
        columns = [_rows(column, n) for column in answer.values()]
        is_table = bool(columns) and all(isinstance(rows, Sized) and len(rows) == n for rows in columns)
        return rows_of_columns(list(answer), columns) if is_table else None
    if (rows := rows_of_array_like(answer)) is not None:
        return rows
    return list(islice(answer, n + 1)) if isinstance(answer, Iterable) else None
