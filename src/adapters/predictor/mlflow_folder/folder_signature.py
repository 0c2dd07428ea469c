"""The signature in MLmodel, as the features that a sidecar would declare."""

import json
import logging
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from foreseen.adapters.predictor.mlflow_folder.input_example import Examples
from foreseen.adapters.predictor.mlflow_folder.mlmodel import MLmodel
from foreseen.adapters.predictor.sidecar.declared_dtype import declared_dtype
from foreseen.adapters.predictor.sidecar.known_input import KnownInput
from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable, check_examples
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.values.instance_size import require_few_columns, require_few_values
from foreseen.domain.values.signature import DTYPES, Feature

if TYPE_CHECKING:
    from foreseen.domain.model.model_input import Takes

log = logging.getLogger(__name__)

_DTYPES: Final = {
    "boolean": "bool", "integer": "int32", "long": "int64", "float": "float32", "double": "float64", "string": "string",
    "datetime": "datetime64[ns]",
}  # fmt: skip
"""What MLflow's types of columns are here; a model is given dates in nanoseconds, whatever pandas prefers.

Source:
    MLflow, mlflow/types/schema.py, DataType
"""


def signature_input(found: MLmodel, examples: Examples, *, by_mlflow: bool) -> KnownInput | None:
    """Return the features of the signature in MLmodel; None if it has none, or has types that cannot be sent.

    Args:
        by_mlflow: whether MLflow calls the model, which takes tensors with names as a dict, and as nothing else.
    Raises:
        ModelUnavailableError: the signature is not what MLflow writes.
    """
    if not found.inputs:
        return None
    try:
        columns = _columns(json.loads(found.inputs))
        if not columns:
            return None
        has_names = all(column.get("name") is not None for column in columns)
        tables = tuple(_tables(columns, examples))
        is_dict = by_mlflow and has_names and all(column["type"] == "tensor" for column in columns)
        takes: Takes | None = "tensors" if is_dict else None
        return KnownInput(tables, takes, path=found.path, origin="its signature", has_names=has_names)
    except _CannotBeSentError as exc:
        log.warning("%s: signature: not used, since %s; what the model itself records decides", found.path, exc)
        return None
    except (ValueError, RecursionError) as exc:
        said = "; ".join(str(exc).splitlines()[:1]) or type(exc).__name__
        raise ModelUnavailableError(f"{found.path}: signature.inputs: expected what MLflow writes: {said}") from None


class _CannotBeSentError(Exception):
    """A column is of a type that has no dtype here; the message says so."""


def _columns(document: object) -> Sequence[Mapping[str, object]]:
    if not isinstance(document, list):
        raise ValueError(f"expected a list of columns, got {_shown(document)}")
    for at, column in enumerate(document):
        if not isinstance(column, dict) or "type" not in column:
            raise ValueError(f"[{at}]: expected a table with a type, got {_shown(column)}")
    counts = Counter(name for column in document if isinstance(name := column.get("name"), str))
    if again := [name for name, count in counts.items() if count > 1]:
        raise ValueError(f"expected each column once, got {again[0]!r} again")
    require_few_columns(len(document))
    return document


def _tables(columns: Sequence[Mapping[str, object]], examples: Examples) -> list[FeatureTable]:
    if len(columns) == 1 and columns[0]["type"] == "tensor" and columns[0].get("name") is None:
        return _tables_of_array(columns[0], examples)
    tables = []
    for at, column in enumerate(columns):
        name = f"x{at}" if column.get("name") is None else column["name"]
        if not isinstance(name, str):
            raise ValueError(f"[{at}].name: expected a text, got {_shown(name)}")
        if column["type"] == "tensor":
            dtype, shape = _tensor(f"[{at}]", column)
            tables.append(_table(name, dtype, shape[1:], None, examples.of(name, at)))
        else:
            missing = True if column.get("required") is False or column.get("optional") is True else None
            tables.append(_table(name, _dtype(at, name, column["type"]), (), missing, examples.of(name, at)))
    return tables


def _tables_of_array(column: Mapping[str, object], examples: Examples) -> list[FeatureTable]:
    """Return the features of a model that takes one array: its columns, or one tensor if it has more than two axes."""
    dtype, shape = _tensor("[0]", column)
    if len(shape) == 2:
        require_few_columns(shape[1])
        return [_table(f"x{at}", dtype, (), None, examples.of(None, at)) for at in range(shape[1])]
    return [_table("x0" if len(shape) == 1 else "x", dtype, shape[1:], None, examples.whole)]


def _tensor(place: str, column: Mapping[str, object]) -> tuple[str, tuple[int, ...]]:
    """Return the dtype of a tensor, and its shape with the axis of the instances; raise ValueError if it has none."""
    spec = column.get("tensor-spec")
    dtype, shape = (spec.get("dtype"), spec.get("shape")) if isinstance(spec, dict) else (None, None)
    if not isinstance(dtype, str) or not isinstance(shape, list) or not all(isinstance(n, int) for n in shape):
        raise ValueError(f"{place}.tensor-spec: expected a dtype and a shape, got {_shown(spec)}")
    known = "string" if dtype in ("object", "str") or dtype.startswith(("<U", "U")) else dtype
    if known not in DTYPES:
        raise _CannotBeSentError(f"a tensor is of dtype {dtype}")
    if not shape or any(length < 1 for length in shape[1:]):
        raise _CannotBeSentError(f"a tensor is of the shape {shape}")
    require_few_values(math.prod(shape[1:]))
    return known, tuple(shape)


def _dtype(at: int, name: str, kind: object) -> str:
    if isinstance(kind, str) and kind in _DTYPES:
        return _DTYPES[kind]
    if not isinstance(kind, str):
        raise ValueError(f"[{at}].type: expected a text, got {_shown(kind)}")
    raise _CannotBeSentError(f"column {name!r} is of type {kind}")


def _table(name: str, dtype: str, shape: Sequence[int], missing: bool | None, example: object) -> FeatureTable:
    kept = example if _fits(name, dtype, shape, example) else None
    return FeatureTable(name=name, dtype=dtype, shape=list(shape), missing=missing, example=kept)


def _fits(name: str, dtype: str, shape: Sequence[int], example: object) -> bool:
    """Return whether an example may be shown: MLflow writes what was passed, which may be of another type."""
    plain = declared_dtype(dtype).dtype
    if example is None or plain is None:
        return False
    with suppress(ValueError):
        check_examples([Feature(name, plain, tuple(shape), example=example)])
        return True
    return False


def _shown(value: object) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else f"{text[:59]}…"
