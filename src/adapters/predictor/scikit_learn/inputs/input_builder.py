"""Input builder: from a batch to what the model is called with."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from foreseen.adapters.predictor.scikit_learn.inputs.column_values import Cells, converter
from foreseen.domain.errors import Flaw, InvalidBatchError
from foreseen.domain.model.model_input import ColumnForm, ModelInput
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Feature, Signature

BuildInput = Callable[[Batch], Any]


def input_builder(model_input: ModelInput, signature: Signature) -> BuildInput:
    """Return what turns batches of a signature into the model's input; all that can be prepared is prepared here."""
    build = _BUILDERS[model_input.takes](signature.features, model_input.columns)
    return _in_dmatrix(build) if model_input.is_dmatrix else build


def _columns(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> Callable[[Batch], list[Cells]]:
    """Return what splits a batch into one array a column, each in its dtype."""
    places = [
        (index, place if feature.shape else None)
        for index, feature in enumerate(features)
        for place in range(feature.size)
    ]
    convert = [converter(features[index], form) for (index, _), form in zip(places, forms, strict=True)]

    def columns(batch: Batch) -> list[Cells]:
        n = len(batch)
        flat = [column if column.ndim == 1 else column.reshape(n, -1) for column in batch.columns]
        cells = [flat[index] if place is None else flat[index][:, place] for index, place in places]
        return [turn(column) if turn else column for turn, column in zip(convert, cells, strict=True)]

    return columns


def _frames(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> BuildInput:
    from foreseen.adapters.predictor.scikit_learn.inputs.pandas_frames import FrameLayout  # noqa: PLC0415 - with pandas, which an array needs not

    layout = FrameLayout([form.name for form in forms], [form.dtype for form in forms])
    columns = _columns(features, forms)
    return lambda batch: layout.frame(columns(batch))


def _arrays(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> BuildInput:
    columns = _columns(features, forms)
    dtypes = [_numpy_dtype(form.dtype) for form in forms]
    # One of objects keeps each value as it is; a text dtype would make texts of the numbers beside it.
    has_objects = any(dtype.kind not in "biuf" for dtype in dtypes) and len(set(dtypes)) > 1
    dtype = np.dtype(object) if has_objects else np.result_type(*dtypes)

    def array(batch: Batch) -> Any:
        cells = columns(batch)
        matrix = np.empty((len(batch), len(cells)), dtype=dtype)
        for place, column in enumerate(cells):
            # Python's own dates, which numpy would make integers of where they are in nanoseconds.
            matrix[:, place] = column.astype("datetime64[us]") if has_objects and _is_date(column) else column
        return matrix

    return array


def _numpy_dtype(name: str) -> np.dtype[Any]:
    try:
        return np.dtype(name)
    except TypeError:  # of pandas
        return np.dtype(object)


def _is_date(column: Cells) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind == "M"


def _texts(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> BuildInput:
    columns = _columns(features, forms)
    return lambda batch: list(columns(batch)[0])


def _dicts(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> BuildInput:
    names = [form.name for form in forms]
    columns = _columns(features, forms)

    def dicts(batch: Batch) -> list[dict[str, Any]]:
        values = [column.tolist() for column in columns(batch)]
        # What is missing is absent: a dict has no other way to say so.
        return [
            {name: value for name, value in zip(names, row, strict=True) if value is not None and value == value}
            for row in zip(*values, strict=True)
        ]

    return dicts


def _tensors(_features: Sequence[Feature], _forms: Sequence[ColumnForm]) -> BuildInput:
    return lambda batch: batch.columns[0]


_BUILDERS: dict[str, Callable[[Sequence[Feature], Sequence[ColumnForm]], BuildInput]] = {
    "frame": _frames,
    "array": _arrays,
    "texts": _texts,
    "dicts": _dicts,
    "tensor": _tensors,
}


def _in_dmatrix(build: BuildInput) -> BuildInput:
    import xgboost  # noqa: PLC0415 - the model's own library

    def matrix(batch: Batch) -> Any:
        try:
            return xgboost.DMatrix(build(batch), enable_categorical=True)
        except ValueError as exc:
            said = str(exc).splitlines()[0]
            raise InvalidBatchError([Flaw("values that the model takes", f"a refusal: {said}")]) from exc

    return matrix
