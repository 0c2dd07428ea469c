"""SklearnPredictor: any object with `predict`, as scikit-learn's users save them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from foreseen.adapters.predictor.scikit_learn.columns import read_columns
from foreseen.domain.batch import Batch
from foreseen.domain.errors import Flaw, InvalidBatchError, ModelUnavailableError, PredictionError
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
        outputs: Sequence[str],
        is_thread_safe: bool = False,
    ) -> None:
        """Take a fitted model and the methods to ask.

        Args:
            is_thread_safe: whether several threads may ask it at once, as scikit-learn's own may be.
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
        self.outputs = tuple(outputs)
        self.is_thread_safe = is_thread_safe
        self._names = getattr(model, "feature_names_in_", None)
        if self._names is not None:
            # Half a second, which is not to be the first caller's: of a process that stands back it is many.
            import pandas as pd  # noqa: F401, PLC0415 - a model that was fitted on no frame needs none
        facts = read_columns(model) or []
        self._missing = [None if told.missing_is_none else np.nan for told in facts]
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

    def raw(self, batch: Batch, *, has_labels: bool = True) -> list[bytes]:
        """Give each instance's answer as the bits the model computed, decision values too: what `predict` may hide.

        Args:
            has_labels: whether labels count beside the values below them, of which scikit-learn's own follow.
        """
        table = self._table(batch)
        values = [output for output in ("predict_proba", "decision_function") if hasattr(self._model, output)]
        asked = dict.fromkeys((*self.outputs, *values))
        if values and not has_labels:
            asked.pop("predict", None)
        answers = [self._ask(output, table, len(batch)) for output in asked]
        return [b"".join(_bits(answer[row]) for answer in answers) for row in range(len(batch))]

    def _table(self, batch: Batch) -> Any:
        if self._takes_tensor:
            return batch.columns[0]
        columns = list(self._cells(batch))
        if self._names is None:
            return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1)
        import pandas as pd  # noqa: PLC0415 - there since the model was loaded

        parts = [column[:, place] for column in columns for place in range(column.shape[1])]
        # Each with its own dtype: left to pandas, a missing string would be None or NaN by what stands beside it.
        return pd.DataFrame(
            {name: pd.Series(part, dtype=part.dtype) for name, part in zip(self._names, parts, strict=True)}
        )

    def _cells(self, batch: Batch) -> Iterator[Any]:
        """Give each feature's values as a matrix of n rows, a missing string as the model knows it."""
        for place, column in enumerate(batch.columns):
            is_none = column.dtype != object or (place < len(self._missing) and self._missing[place] is None)
            yield (column if is_none else _with_nan(column)).reshape(len(batch), -1)

    def _ask(self, output: str, table: Any, n: int) -> Any:
        try:
            with np.errstate(over="ignore"):  # what is too large for a float32 is refused by the model, in words
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
    if hasattr(answer, "toarray"):  # a sparse one, as several labels to a row may be given
        answer = answer.toarray()
    if output != "predict" and isinstance(answer, list) and all(np.ndim(part) == 2 for part in answer):
        parts = [np.asarray(part) for part in answer]  # one array an output, as predict_proba of several gives
        if any(part.shape[:1] != (n,) for part in parts):
            raise PredictionError(f"expected {n} rows from {output}, got {[part.shape for part in parts]}")
        return [[part[row] for part in parts] for row in range(n)]
    array = _array(answer)
    if array.shape[:1] != (n,):
        raise PredictionError(f"expected {n} rows from {output}, got an array of shape {array.shape}")
    return array


def _with_nan(column: Any) -> Any:
    return np.array([np.nan if value is None else value for value in column], dtype=object)


def _array(answer: Any) -> Any:
    try:
        return np.asarray(answer)
    except ValueError:  # lists of different lengths
        array = np.empty(len(answer), dtype=object)
        array[:] = list(answer)
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
    if classes is None:
        return row.tolist()  # type: ignore[no-any-return]
    if np.shape(row) != np.shape(classes):
        raise PredictionError(
            f"expected one probability from predict_proba for each of {len(classes)} classes, "
            f"got an array of shape {np.shape(row)}"
        )
    return {str(label): float(p) for label, p in zip(np.asarray(classes).tolist(), row.tolist(), strict=True)}


def _bits(value: Any) -> bytes:
    if isinstance(value, list):
        return b"".join(map(_bits, value))
    array = np.asarray(value)
    return repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
