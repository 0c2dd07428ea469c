"""EnginePredictor: a model whose small calls are answered by an engine, with the same bits as its library."""

import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from foreseen.adapters.predictor.engines.engine_input import BuildMatrix
from foreseen.adapters.predictor.engines.shadow_checks import ONE_IN, ShadowChecks
from foreseen.adapters.predictor.engines.tree_engine import TreeEngine
from foreseen.adapters.predictor.scikit_learn.sklearn_predictor import SklearnPredictor
from foreseen.domain.errors import ForeseenError
from foreseen.domain.model.engine_switch import EngineCheck, EngineSwitch
from foreseen.domain.model.engine_use import EngineUse
from foreseen.domain.model.model_failure import failure_text
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import EncodedPredictions, Predictions

log = logging.getLogger(__name__)

EngineAnswer = Callable[[Batch], Predictions | None]
"""Returns the answers to a batch; None if the library has to answer or reject it; raises as a predictor."""


def engine_answer(engine: TreeEngine, matrix: BuildMatrix, caller: SklearnPredictor) -> EngineAnswer:
    """Return what answers batches by an engine, for all outputs of a model."""
    methods = [output.name for output in caller.outputs]

    def answer(batch: Batch) -> Predictions | None:
        rows = matrix(batch)
        answers = None if rows is None else engine.answers(rows, methods)
        return None if answers is None else caller.read(answers, len(batch))

    return answer


class EnginePredictor:
    """Answers calls of few rows by a verified engine, and all others by the library.

    Attributes:
        engine_switch: whether the engine is still used.
    """

    def __init__(self, library: Predictor, answer: EngineAnswer, use: EngineUse, *, one_in: int = ONE_IN) -> None:
        """Accept the model as its library computes it, and its engine.

        Args:
            one_in: the library checks one call of the engine in this many.
        """
        self._library = library if library.info.is_thread_safe else _OneThreadAtATime(library)
        self._answer = answer
        self._max_rows = use.max_rows
        self.info = replace(library.info, engine=use)
        self.engine_switch = EngineSwitch()
        self._checks = ShadowChecks(self._library, self.engine_switch, one_in=one_in)

    def predict(self, batch: Batch) -> Predictions | EncodedPredictions:
        """Predict by whichever is faster for the number of rows; raise as the library."""
        if len(batch) <= self._max_rows and self.engine_switch.is_on:
            answers = self._answered(batch)
            if answers is not None:
                self._checks.consider(batch, answers)
                return answers
        return self._library.predict(batch)

    def _answered(self, batch: Batch) -> Predictions | None:
        try:
            return self._answer(batch)
        except ForeseenError:
            raise
        except Exception as exc:  # the library answers instead, now and later
            log.exception("the library computes every answer from now on, since the engine failed")
            self.engine_switch.count(EngineCheck(is_over=False))
            self.engine_switch.count(EngineCheck(is_over=True, difference=f"the engine failed: {failure_text(exc)}"))
            return None


class _OneThreadAtATime:
    """Lets one thread at a time call a model that is not thread-safe: requests and checks use different threads."""

    def __init__(self, inner: Predictor) -> None:
        self._inner = inner
        self._turn = Lock()

    @property
    def info(self) -> ModelInfo:
        return self._inner.info

    def predict(self, batch: Batch) -> Predictions | EncodedPredictions:
        with self._turn:
            return self._inner.predict(batch)
