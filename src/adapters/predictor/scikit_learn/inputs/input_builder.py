"""Input builder: from a batch to what the model is called with."""

from collections.abc import Callable, Sequence

import numpy as np

from foreseen.adapters.predictor.scikit_learn.inputs.column_values import Cells, converter
from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.model.model_input import ColumnForm, ModelInput
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Feature, Signature

BuildInput = Callable[[Batch], object]


def input_builder(model_input: ModelInput, signature: Signature) -> BuildInput:
    """Return a function from batches of a signature to the model's input; what can be prepared is prepared here."""
    build = _BUILDERS[model_input.takes](signature.features, model_input.columns)
    return _in_dmatrix(build) if model_input.is_dmatrix else build


def _columns(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> Callable[[Batch], list[Cells]]:
    """Return a function that splits a batch into one array per column, each in its dtype."""
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
    from foreseen.adapters.predictor.scikit_learn.inputs.pandas_frames import FrameLayout  # noqa: PLC0415 - imports pandas, which arrays do not need

    layout = FrameLayout([form.name for form in forms], [form.dtype for form in forms])
    columns = _columns(features, forms)
    return lambda batch: layout.frame(columns(batch))


def _polars(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> BuildInput:
    from foreseen.adapters.predictor.scikit_learn.inputs.polars_frames import polars_frames  # noqa: PLC0415 - imports polars, which few models need

    return polars_frames(features, forms)


def _arrays(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> BuildInput:
    columns = _columns(features, forms)
    dtypes = [_numpy_dtype(form.dtype) for form in forms]
    # An object array keeps each value as it is; a text dtype would turn the numbers into texts.
    has_objects = any(dtype.kind not in "biuf" for dtype in dtypes) and len(set(dtypes)) > 1
    dtype = np.dtype(object) if has_objects else np.result_type(*dtypes)

    def array(batch: Batch) -> object:
        cells = columns(batch)
        matrix = np.empty((len(batch), len(cells)), dtype=dtype)
        for place, column in enumerate(cells):
            # In microseconds dates become Python's own; numpy would turn nanoseconds into integers.
            matrix[:, place] = column.astype("datetime64[us]") if has_objects and _is_date(column) else column
        return matrix

    return array


def _numpy_dtype(name: str) -> np.dtype[np.generic]:
    try:
        return np.dtype(name)
    except TypeError:  # a dtype of pandas
        return np.dtype(object)


def _is_date(column: Cells) -> bool:
    return isinstance(column, np.ndarray) and column.dtype.kind == "M"


def _texts(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> BuildInput:
    columns = _columns(features, forms)
    return lambda batch: list(columns(batch)[0])


def _dicts(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> BuildInput:
    names = [form.name for form in forms]
    columns = _columns(features, forms)

    def dicts(batch: Batch) -> list[dict[str, object]]:
        values = [column.tolist() for column in columns(batch)]
        # A missing value is left out, since a dict cannot express it otherwise.
        return [
            {name: value for name, value in zip(names, row, strict=True) if value is not None and value == value}
            for row in zip(*values, strict=True)
        ]

    return dicts


def _tensor(_features: Sequence[Feature], _forms: Sequence[ColumnForm]) -> BuildInput:
    return lambda batch: batch.columns[0]


def _tensors(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> BuildInput:
    """Return a function from a batch to a dict by the model's own names: arrays of shape (n, *shape)."""
    turns = [(form.name, converter(feature, form)) for feature, form in zip(features, forms, strict=True)]

    def tensors(batch: Batch) -> dict[str, Cells]:
        named = zip(turns, batch.columns, strict=True)
        return {name: column if turn is None else turn(column) for (name, turn), column in named}

    return tensors


_BUILDERS: dict[str, Callable[[Sequence[Feature], Sequence[ColumnForm]], BuildInput]] = {
    "frame": _frames,
    "polars": _polars,
    "array": _arrays,
    "texts": _texts,
    "dicts": _dicts,
    "tensor": _tensor,
    "tensors": _tensors,
}


def _in_dmatrix(build: BuildInput) -> BuildInput:
    import xgboost  # noqa: PLC0415 - the model's own library

    def matrix(batch: Batch) -> object:
        try:
            return xgboost.DMatrix(build(batch), enable_categorical=True)
        except ValueError as exc:
            said = str(exc).splitlines()[0]
            raise InvalidBatchError([Violation("values that the model accepts", f"its error: {said}")]) from exc

    return matrix
