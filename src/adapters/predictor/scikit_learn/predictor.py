"""SklearnPredictor: any object with `predict`, as scikit-learn's users save them."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from foreseen.adapters.predictor.scikit_learn.answer_rows import Rows, SeveralOutputs, returned_rows, row_bits
from foreseen.adapters.predictor.scikit_learn.answers import Answers
from foreseen.adapters.predictor.scikit_learn.input_builder import input_builder
from foreseen.adapters.predictor.scikit_learn.labels import Labels, read_labels
from foreseen.domain.batch import Batch
from foreseen.domain.errors import (
    Flaw,
    ForeseenError,
    InvalidBatchError,
    ModelUnavailableError,
    PredictionError,
    UnanswerableError,
)
from foreseen.domain.model_failure import failure_text, is_interruption, message_text
from foreseen.domain.model_input import ModelInput
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
        model_input: ModelInput | None = None,
        outputs: Sequence[str],
        is_thread_safe: bool = False,
        before_call: Callable[[], object] = lambda: None,
    ) -> None:
        """Take a fitted model and the methods to ask.

        Args:
            model_input: what the model is called with; None for a matrix.
            is_thread_safe: whether several threads may ask it at once, as scikit-learn's own may be.
            before_call: called before each call of the model, on its thread.
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
        self._answers = Answers(_labels(model), is_classifier=signature.kind == "classification")
        self._before_call = before_call
        self._table = input_builder(model_input or ModelInput.matrix(signature), signature)

    def predict(self, batch: Batch) -> Predictions:
        """Call each output's method once.

        Raises:
            InvalidBatchError: the model raised ValueError, which is how scikit-learn refuses its input.
            UnanswerableError: it answered with what JSON has nothing for.
            PredictionError: it raised anything else, or its answer is not one to each instance.
        """
        table = self._table(batch)
        called = {output: self._called(output, table, len(batch)) for output in self.outputs}
        return Predictions({METHODS[output]: self._values(output, rows) for output, rows in called.items()})

    def compute(self, batch: Batch) -> object:
        """Call the model as `predict` does, and leave its answers as they are; raise as `predict`."""
        table = self._table(batch)
        return [self._called(output, table, len(batch)) for output in self.outputs]

    def raw(self, batch: Batch) -> list[bytes]:
        """Return each row's answer as the bits that the model computed, decision values too: what `predict` may hide.

        Raises:
            InvalidBatchError, PredictionError: as `predict`.
        """
        table = self._table(batch)
        values = [output for output in ("predict_proba", "decision_function") if hasattr(self._model, output)]
        methods = dict.fromkeys((*self.outputs, *values))
        called = {output: self._called(output, table, len(batch)) for output in methods}
        return [b"".join(parts) for parts in zip(*map(row_bits, called.values()), strict=True)]

    def _called(self, output: str, table: Any, n: int) -> Rows | SeveralOutputs:
        self._before_call()
        try:
            with np.errstate(over="ignore"):  # what is too large for a float32 is refused by the model, in words
                return returned_rows(output, getattr(self._model, output)(table), n)
        except ForeseenError:
            raise
        except ValueError as exc:
            said = message_text(exc, is_first_line=True) or type(exc).__name__
            raise InvalidBatchError([Flaw("values that the model takes", f"a refusal: {said}")]) from exc
        except BaseException as exc:  # sys.exit() in a model fails one call, and not the service
            if is_interruption(exc):
                raise
            raise PredictionError(f"the model failed in {output}: {failure_text(exc)}") from exc

    def _values(self, output: str, rows: Rows | SeveralOutputs) -> list[Json]:
        try:
            return self._answers.values(output, rows)
        except ForeseenError:
            raise
        except RecursionError as exc:
            raise UnanswerableError(
                f"expected {output} to return values nested less deeply, or not in themselves"
            ) from exc
        except Exception as exc:
            raise UnanswerableError(
                f"expected {output} to return values that can be read: {failure_text(exc)}"
            ) from exc


def _labels(model: Any) -> tuple[Labels, ...]:
    try:
        return read_labels(model)
    except ValueError as exc:
        raise ModelUnavailableError(str(exc)) from exc
