"""The input of an engine: a matrix of numbers, made from a batch."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from foreseen.adapters.predictor.engines.tree_engine import NoEngineError, Numbers
from foreseen.adapters.predictor.scikit_learn.inputs.input_builder import input_builder
from foreseen.domain.model.model_input import ModelInput
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Signature

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from foreseen.adapters.predictor.scikit_learn.sklearn_predictor import SklearnPredictor

BuildMatrix = Callable[[Batch], Numbers | None]
"""Returns numbers, shape (n, features); None if the values are not numbers; raises as the model."""

_LEAST_TRANSFORMED: Final = 2
"""A single row has another memory layout, which may change bits."""

_MAX_COLUMNS: Final = 2048
"""Limit for a sparse matrix: as a dense one, more columns, such as of words, would be larger than the trees."""


def matrix_of_batch(model_input: ModelInput, signature: Signature) -> BuildMatrix:
    """Return what builds the matrix of a model of numbers, directly even if the model takes a frame: that costs less.

    Raises:
        NoEngineError: the model takes other values than numbers.
    """
    if model_input.takes not in {"array", "frame"} or not all(_is_number(form.dtype) for form in model_input.columns):
        raise NoEngineError("it takes other values than numbers")
    build = input_builder(replace(model_input, takes="array"), signature)
    return lambda batch: _numbers(build(batch))


def transformed_matrix(caller: "SklearnPredictor", transformer: "Pipeline") -> BuildMatrix:
    """Return what builds the input of a pipeline's last step by its other steps."""

    def build(batch: Batch) -> Numbers | None:
        n = len(batch)
        filled = batch if n >= _LEAST_TRANSFORMED else batch.take([0] * _LEAST_TRANSFORMED)
        matrix = _numbers(caller.transformed(transformer, filled))
        return None if matrix is None else matrix[:n]

    return build


def _numbers(values: object) -> Numbers | None:
    if getattr(values, "format", None) == "csr" and values.shape[1] <= _MAX_COLUMNS:  # type: ignore[attr-defined] # of scipy
        if np.isnan(values.data).any():  # type: ignore[attr-defined] # as above
            return None  # forests take NaN in an array, and reject it here
        values = values.toarray()  # type: ignore[attr-defined] # as above
    elif hasattr(values, "dtypes") and all(_is_number(str(dtype)) for dtype in values.dtypes):
        values = np.asarray(values)
    is_matrix = isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype.kind in "biuf"
    return values if is_matrix else None  # type: ignore[return-value] # it is an array


def _is_number(dtype: str) -> bool:
    try:
        return np.dtype(dtype).kind in "biuf"
    except TypeError:  # of pandas
        return False
