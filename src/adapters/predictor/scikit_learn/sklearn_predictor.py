"""SklearnPredictor: any object with `predict`, as scikit-learn's users save them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from foreseen.adapters.predictor.library_model import LibraryModel
from foreseen.adapters.predictor.scikit_learn.inputs.input_builder import input_builder
from foreseen.adapters.predictor.scikit_learn.inputs.prepared_rows import PreparedRows, prepared_rows
from foreseen.adapters.predictor.scikit_learn.outputs.answer_rows import Rows, SeveralOutputs, returned_rows, row_bits
from foreseen.adapters.predictor.scikit_learn.outputs.labels import Labels, read_labels
from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import (
    method_outputs,
    named_outputs,
    require_outputs,
)
from foreseen.adapters.predictor.scikit_learn.outputs.model_answers import Answers
from foreseen.domain.errors import (
    ForeseenError,
    InvalidBatchError,
    ModelUnavailableError,
    PredictionError,
    UnanswerableError,
    Violation,
)
from foreseen.domain.model.model_failure import failure_text, is_interruption, message_text
from foreseen.domain.model.model_input import ModelInput
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.output import Output
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Signature

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_LOGARITHMS: Final = "predict_log_proba"
"""The method that takes the logarithm of zero, which is a probability like any other."""

_DECISION_VALUES: Final = ("predict_proba", "decision_function")
"""Methods that return the numbers by which a label is chosen."""


class SklearnPredictor:
    """Calls the model with instances in the form that it was fitted on, and turns its arrays into plain values."""

    def __init__(
        self,
        model: object,
        *,
        signature: Signature,
        model_input: ModelInput | None = None,
        outputs: Sequence[str],
        steps: "tuple[Pipeline, object] | None" = None,
        is_thread_safe: bool = False,
        before_call: Callable[[], object] = lambda: None,
    ) -> None:
        """Accept a fitted model and the methods to call.

        Args:
            outputs: the methods, by their names.
            model_input: what the model is called with; None for a matrix.
            steps: the model in two parts, the first of which transforms each row by itself; None if it is not split.
            is_thread_safe: whether several threads may call it at once, as they may scikit-learn's own models.
            before_call: called before each call of the model, on its thread.
        Raises:
            ModelUnavailableError: the model has no such method.
        """
        require_outputs(model, outputs)
        self._model = model
        self._first = steps and steps[0]
        self._rest: object = steps and steps[1]
        self.signature = signature
        self.outputs = method_outputs(outputs, signature, named_outputs(model))
        self.is_thread_safe = is_thread_safe
        self._answers = Answers(_labels(model))
        self._before_call = before_call
        self._table = input_builder(model_input or ModelInput.matrix(signature), signature)

    def prepared(self, batch: Batch) -> Batch | PreparedRows:
        """Return rows after the steps that compute each of them by itself; raise as `predict`."""
        return batch if self._first is None else prepared_rows(self.transformed(self._first, batch)) or batch

    def transformed(self, steps: "Pipeline", batch: Batch) -> object:
        """Return what some first steps of the model make of rows; raise as `predict`."""
        table = self._table(batch)
        with self._failures_worded(self.outputs[0].name):
            return steps.transform(table)

    def predict(self, rows: Batch | PreparedRows) -> Predictions:
        """Call each output's method once.

        Raises:
            InvalidBatchError: the model raised ValueError, by which scikit-learn rejects its input.
            UnanswerableError: it answered with a value that JSON cannot represent.
            PredictionError: it raised anything else, or did not return one answer per instance.
        """
        model, table = self._part(rows)
        called = self._answers_of(model, table, len(rows))
        answered = zip(self.outputs, called, strict=True)
        return Predictions({output.member: self._values(output, answer) for output, answer in answered})

    def read(self, answers: Mapping[str, object], n: int) -> Predictions:
        """Return the predictions that each output's method has answered to n rows elsewhere; raise as `predict`."""
        return Predictions(
            {
                output.member: self._values(output, _rows_of_method(output, answers[output.name], n))
                for output in self.outputs
            }
        )

    def compute(self, batch: Batch) -> object:
        """Call the model as `predict` does, and return its answers unconverted; raise as `predict`."""
        table = self._table(batch)
        return self._answers_of(self._model, table, len(batch))

    def raw(self, rows: Batch | PreparedRows) -> list[bytes]:
        """Return each row's answer as the bits that the model computed, with decision values, which `predict` may hide.

        Raises:
            InvalidBatchError, PredictionError: as `predict`.
        """
        model, table = self._part(rows)
        values = {method: True for method in _DECISION_VALUES if hasattr(model, method)}
        methods = {output.name: bool(output.of_class) for output in self.outputs} | values
        called = self._called(model, methods, table, len(rows))
        return [b"".join(parts) for parts in zip(*map(row_bits, called), strict=True)]

    def _part(self, rows: Batch | PreparedRows) -> tuple[object, object]:
        """Return the part of the model to call with such rows, and the rows in the form that it takes."""
        if isinstance(rows, PreparedRows):
            return self._rest, rows.values
        return self._model, self._table(rows)

    def _answers_of(self, model: object, table: object, n: int) -> list[Rows | SeveralOutputs]:
        return self._called(model, {output.name: bool(output.of_class) for output in self.outputs}, table, n)

    def _called(self, model: object, methods: Mapping[str, bool], table: object, n: int) -> list[Rows | SeveralOutputs]:
        """Return what each method answers, given whether it returns a number for each class."""
        if not isinstance(model, LibraryModel):
            return [self._rows_of(model, method, table, n, is_of) for method, is_of in methods.items()]
        with self._failures_worded(next(iter(methods))):
            answers = model.answers(list(methods), table)
            return [returned_rows(name, answers[name], n, has_class_values=is_of) for name, is_of in methods.items()]

    def _rows_of(
        self, model: object, method: str, table: object, n: int, has_class_values: bool
    ) -> Rows | SeveralOutputs:
        with self._failures_worded(method):
            return returned_rows(method, getattr(model, method)(table), n, has_class_values=has_class_values)

    @contextmanager
    def _failures_worded(self, method: str) -> Iterator[None]:
        self._before_call()
        of_zero: Literal["ignore"] | None = "ignore" if method == _LOGARITHMS else None
        try:
            # The model itself rejects what is too large for a float32.
            with np.errstate(over="ignore", divide=of_zero):
                yield
        except ForeseenError:
            raise
        except ValueError as exc:
            said = message_text(exc, is_first_line=True) or type(exc).__name__
            raise InvalidBatchError([Violation("values that the model accepts", f"its error: {said}")]) from exc
        except BaseException as exc:  # sys.exit() in a model fails one call, not the service
            if is_interruption(exc):
                raise
            raise PredictionError(f"the model failed in {method}: {failure_text(exc)}") from exc

    def _values(self, output: Output, rows: Rows | SeveralOutputs) -> Sequence[Json]:
        try:
            return self._answers.values(output, rows)
        except ForeseenError:
            raise
        except RecursionError as exc:
            raise UnanswerableError(
                f"expected {output.name} to return values nested less deeply, or not in themselves"
            ) from exc
        except Exception as exc:
            raise UnanswerableError(
                f"expected {output.name} to return values that can be read: {failure_text(exc)}"
            ) from exc


def _rows_of_method(output: Output, answer: object, n: int) -> Rows | SeveralOutputs:
    return returned_rows(output.name, answer, n, has_class_values=bool(output.of_class))


def _labels(model: object) -> tuple[Labels, ...]:
    try:
        return read_labels(model)
    except ValueError as exc:
        raise ModelUnavailableError(str(exc)) from exc
