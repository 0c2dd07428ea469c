"""SklearnPredictor: any object with `predict`, as scikit-learn's users save them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import scipy.sparse

from foreseen.domain.batch import Batch
from foreseen.domain.errors import Flaw, InvalidBatchError, ModelUnavailableError, PredictionError
from foreseen.domain.key import Fingerprint
from foreseen.domain.predictions import Json, Predictions
from foreseen.domain.signature import Signature

METHODS: Final = {"predict": "prediction", "predict_proba": "probabilities"}
"""Each method that may be asked, and the name its answer has."""


class SklearnPredictor:
    """Gives the model its canonical instances in the form it was fitted on, and turns its arrays into plain values."""

    def __init__(
        self,
        model: Any,
        *,
        signature: Signature,
        fingerprint: Fingerprint,
        versions: Mapping[str, str],
        outputs: Sequence[str],
    ) -> None:
        """Take a fitted model and the methods to ask.

        Raises:
            ModelUnavailableError: the model has no such method.
        """
        for output in outputs:
            if not callable(getattr(model, output, None)):
                raise ModelUnavailableError(
                    f"expected a model with {output}, got {type(model).__qualname__} without it"
                )
        self._model = model
        self.signature = signature
        self.fingerprint = fingerprint
        self.versions = versions
        self.outputs = tuple(outputs)
        self._names = getattr(model, "feature_names_in_", None)
        # A model of the user's own gets a lone tensor as it is; an estimator takes rows of values.
        self._takes_tensor = (
            len(signature.features) == 1 and signature.has_tensors and not hasattr(model, "n_features_in_")
        )

    def predict(self, batch: Batch) -> Predictions:
        """Ask each output's method once.

        Raises:
            InvalidBatchError: the model raised ValueError, which is how scikit-learn refuses its input.
            PredictionError: it raised anything else, or its answer is not one to each instance.
        """
        table = self._table(batch)
        return Predictions({METHODS[output]: self._answers(output, table, len(batch)) for output in self.outputs})

    def raw(self, batch: Batch) -> list[bytes]:
        """Give each instance's answer as the bits the model computed, decision values too: what `predict` may hide."""
        table = self._table(batch)
        asked = dict.fromkeys((*self.outputs, "predict_proba", "decision_function"))
        answers = [self._ask(output, table, len(batch)) for output in asked if hasattr(self._model, output)]
        return [b"".join(_bits(answer[row]) for answer in answers) for row in range(len(batch))]

    def _table(self, batch: Batch) -> Any:
        if self._takes_tensor:
            return batch.columns[0]
        if self._names is not None and not self.signature.has_tensors:
            return pd.DataFrame(dict(zip(self._names, batch.columns, strict=True)))
        if any(column.dtype == object for column in batch.columns):
            return np.column_stack([_with_nan(column) for column in batch.columns])
        flat = [column.reshape(len(batch), -1) for column in batch.columns]
        return flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)

    def _ask(self, output: str, table: Any, n: int) -> Any:
        try:
            answer = getattr(self._model, output)(table)
        except ValueError as exc:
            said = str(exc).splitlines()[0] if str(exc) else "ValueError"
            raise InvalidBatchError([Flaw("values that the model takes", f"a refusal: {said}")]) from exc
        except Exception as exc:
            raise PredictionError(f"the model failed in {output}: {type(exc).__name__}: {exc}") from exc
        return _by_row(output, answer, n)

    def _answers(self, output: str, table: Any, n: int) -> list[Json]:
        answer = self._ask(output, table, n)
        if output == "predict":
            return [_shown(value, as_label=self.signature.kind == "classification") for value in answer.tolist()]
        return [_probabilities(row, getattr(self._model, "classes_", None)) for row in answer]


def _by_row(output: str, answer: Any, n: int) -> Any:
    """Bring an answer to one element a row: an array, or a list of lists where the outputs differ in length."""
    if scipy.sparse.issparse(answer):
        answer = answer.toarray()
    if output != "predict" and isinstance(answer, list):  # one array an output, as predict_proba of several gives
        parts = [np.asarray(part) for part in answer]
        if any(part.shape[:1] != (n,) for part in parts):
            raise PredictionError(f"expected {n} rows from {output}, got {[part.shape for part in parts]}")
        return [[part[row] for part in parts] for row in range(n)]
    array = np.asarray(answer)
    if array.shape[:1] != (n,):
        raise PredictionError(f"expected {n} rows from {output}, got an array of shape {array.shape}")
    return array


def _shown(value: Any, *, as_label: bool) -> Json:
    if isinstance(value, list):
        return [_shown(part, as_label=as_label) for part in value]
    if as_label:
        return str(value)
    return value  # type: ignore[no-any-return]


def _probabilities(row: Any, classes: Any) -> Json:
    if isinstance(row, list):
        each = classes if isinstance(classes, list) else [None] * len(row)
        return [_probabilities(part, known) for part, known in zip(row, each, strict=True)]
    if classes is None or isinstance(classes, list) or len(classes) != len(row):
        return row.tolist()  # type: ignore[no-any-return]
    return {str(label): float(p) for label, p in zip(np.asarray(classes).tolist(), row.tolist(), strict=True)}


def _bits(value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(map(_bits, value))
    array = np.asarray(value)
    return repr(array.tolist()).encode() if array.dtype == object else array.tobytes()


def _with_nan(column: Any) -> Any:
    """Write a missing string as NaN, as scikit-learn's imputers and encoders expect it."""
    return np.array([np.nan if value is None else value for value in column], dtype=object)
