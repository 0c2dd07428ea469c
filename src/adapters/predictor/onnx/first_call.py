"""First call: what a graph's outputs are for a few made-up rows, where its declarations do not say."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from foreseen.adapters.predictor.onnx.graph_answers import GraphAnswers
from foreseen.adapters.predictor.onnx.graph_categories import EncodedColumn
from foreseen.adapters.predictor.onnx.graph_tensors import TEXT, GraphTensor
from foreseen.adapters.predictor.onnx.onnx_session import said_by_onnxruntime

if TYPE_CHECKING:
    import onnxruntime

log = logging.getLogger(__name__)

Array: TypeAlias = npt.NDArray[np.generic]

ROWS: Final = 3
"""Rows of the call: more than one, so that an output that has one answer for all of them is seen."""

_TOLERANCE: Final = 1e-3
"""By how much the sum of probabilities in half precision may differ from 1."""


def observed_answers(
    session: "onnxruntime.InferenceSession",
    inputs: Sequence[GraphTensor],
    shapes: Sequence[Sequence[int]],
    encoded: Sequence[EncodedColumn],
    answers: GraphAnswers,
    rows: int | None,
) -> GraphAnswers:
    """Return those outputs that have an answer for each row; `scores` only if they are probabilities.

    Args:
        shapes: of one row of each input.
        encoded: columns that take none but these categories.
        rows: how many the graph is always called with; None if it takes any number.
    Raises:
        ValueError: no output has an answer for each row.
    """
    n = rows or ROWS
    names = [tensor.name for tensor in answers.outputs]
    try:
        found = dict(zip(names, session.run(names, _made_up(inputs, shapes, encoded, n)), strict=True))
    except Exception as exc:  # noqa: BLE001 - made-up values prove nothing
        log.debug("the graph rejects made-up rows: %s", said_by_onnxruntime(exc))
        return answers
    kept = tuple(tensor for tensor in answers.outputs if np.shape(found[tensor.name])[:1] == (n,))
    if not kept or (answers.label and answers.label != kept[0].name):
        got = ", ".join(f"{name} {list(np.shape(array))}" for name, array in found.items())
        raise ValueError(f"expected outputs with an answer for each of {n} rows, got {got}")
    if answers.scores and not _are_probabilities(found[answers.scores], len(answers.classes)):
        answers = replace(answers, scores=None)
    return replace(answers, outputs=kept)


def _made_up(
    inputs: Sequence[GraphTensor], shapes: Sequence[Sequence[int]], encoded: Sequence[EncodedColumn], n: int
) -> Mapping[str, Array]:
    fed = {tensor.name: _values(tensor, [n, *shape]) for tensor, shape in zip(inputs, shapes, strict=True)}
    for column in encoded:
        column.put_into(fed)
    return fed


def _values(tensor: GraphTensor, shape: Sequence[int]) -> Array:
    if tensor.dtype == TEXT:
        return np.full(shape, "text", dtype=object)
    by_row = np.arange(shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    return np.broadcast_to(by_row, shape).astype(tensor.dtype)


def _are_probabilities(scores: Array, classes: int) -> bool:
    if scores.shape[1:] != (classes,):
        return False
    numbers = scores.astype(np.float64)
    is_within = bool(((numbers >= 0) & (numbers <= 1 + _TOLERANCE)).all())
    return is_within and bool(np.allclose(numbers.sum(axis=1), 1, atol=_TOLERANCE))
