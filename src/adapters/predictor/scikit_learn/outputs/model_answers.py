"""Answers: the rows that a model's method returned, as the JSON values that are sent. See docs/models.md, "Answers"."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from foreseen.adapters.predictor.scikit_learn.outputs.answer_rows import Rows, SeveralOutputs
from foreseen.adapters.predictor.scikit_learn.outputs.json_values import json_value
from foreseen.adapters.predictor.scikit_learn.outputs.labels import NO_LABELS, Labels
from foreseen.domain.errors import UnanswerableError
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.labelled_rows import LabelledRows
from foreseen.domain.values.output import Output

_AS_THEY_ARE: Final = {int, float, bool, type(None)}
_FLOATS: Final = (np.float64, np.float32, np.float16)


class Answers:
    """Turns rows into JSON values, each row by itself."""

    def __init__(self, labels: tuple[Labels, ...]) -> None:
        """Accept the labels of each output, as `read_labels` returns them."""
        self._outputs = labels
        self._labels = labels[0] if len(labels) == 1 else NO_LABELS

    def values(self, output: Output, rows: Rows | SeveralOutputs) -> Sequence[Json]:
        """Return a value for each row: the prediction, or a number per class.

        Raises:
            UnanswerableError: JSON cannot represent a row, or probabilities do not fit the labels.
        """
        if output.of_class:
            return self._by_class(output.name, rows)
        return self._predictions(rows, are_labels=output.dtype == "string")

    def _predictions(self, rows: Rows, *, are_labels: bool) -> list[Json]:
        is_array = isinstance(rows, np.ndarray)
        if is_array and rows.ndim == 2 and rows.shape[1] == 1:
            rows = rows[:, 0]  # one column means one answer per row, not a list of one
        values = _values(rows)
        if not are_labels:
            return values
        if is_array and rows.ndim > 1:
            columns = self._outputs if len(self._outputs) == rows.shape[1] else [NO_LABELS] * rows.shape[1]
            return [_labels_of_a_row(columns, value) for value in values]
        return self._labels.of_rows(values)

    def _by_class(self, method: str, rows: Rows | SeveralOutputs) -> Sequence[Json]:
        if not isinstance(rows, SeveralOutputs):
            return _by_label(method, rows, self._labels)
        outputs = self._outputs or [NO_LABELS] * len(rows.rows)
        if len(outputs) != len(rows.rows):
            raise UnanswerableError(
                f"expected the probabilities of {len(outputs)} outputs from {method}, got {len(rows.rows)} arrays"
            )
        parts = [_by_label(method, part, labels) for part, labels in zip(rows.rows, outputs, strict=True)]
        return parts[0] if len(parts) == 1 else [list(row) for row in zip(*parts, strict=True)]


def _values(rows: Rows) -> list[Json]:
    if isinstance(rows, np.ndarray) and (rows.dtype != object or isinstance(rows, np.ma.MaskedArray)):
        return json_value(rows)  # type: ignore[return-value] # of an array with rows it is a list
    kinds = set(map(type, rows))
    if kinds <= _AS_THEY_ARE or (kinds == {str} and "".join(rows).isascii()):
        return list(rows)
    return [json_value(row) for row in rows]


def _labels_of_a_row(columns: Sequence[Labels], value: Any) -> Json:
    return [labels.label(each) for labels, each in zip(columns, value, strict=True)]


def _by_label(method: str, rows: Rows, labels: Labels) -> Sequence[Json]:
    """Return each row's probabilities by label, or unchanged if the model names no labels."""
    is_matrix = type(rows) is np.ndarray and rows.ndim == 2 and rows.dtype in _FLOATS
    if is_matrix and labels.texts and rows.shape[1] == len(labels.texts):
        return LabelledRows(labels.texts, rows.astype(np.float64, copy=False))
    values = _values(rows)
    if not labels.texts:
        return values
    return [dict(zip(labels.texts, _one_for_each(method, labels, value), strict=True)) for value in values]


def _one_for_each(method: str, labels: Labels, value: Json) -> Sequence[Json]:
    """Return probabilities in the order of the labels."""
    count = len(labels.texts)
    if isinstance(value, list) and len(value) == count:
        return value
    if isinstance(value, dict):  # a row of a table
        if value.keys() == set(labels.texts):
            return [value[text] for text in labels.texts]
        if list(value) == [str(place) for place in range(count)]:  # of a table without column names
            return list(value.values())
    got = len(value) if isinstance(value, list) else f"those of {', '.join(value)}" if isinstance(value, dict) else 1
    raise UnanswerableError(f"expected one probability from {method} for each of {count} classes, got {got}")
