"""ClosablePredictor: a model in this process, which can be released."""

from typing import TYPE_CHECKING

from foreseen.domain.errors import PredictionError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import EncodedPredictions, Predictions

if TYPE_CHECKING:
    from foreseen.domain.model.engine_switch import EngineSwitch


class ClosablePredictor:
    """Wraps a predictor, and releases its memory when it is closed.

    Objects around a model outlive it: the web framework keeps its routes, or they are not collected yet.
    """

    def __init__(self, inner: Predictor) -> None:
        self._inner: Predictor | None = inner
        self.engine_switch: EngineSwitch | None = getattr(inner, "engine_switch", None)
        self.info = inner.info
        """The inner predictor's, also after it is closed."""

    def predict(self, batch: Batch) -> Predictions | EncodedPredictions:
        """Predict with the inner predictor.

        Raises:
            InvalidBatchError, PredictionError: raised by the inner predictor; PredictionError also after it is closed.
        """
        inner = self._inner
        if inner is None:
            raise PredictionError(
                "the model was released, because another one has replaced it or the service is shutting down"
            )
        return inner.predict(batch)

    def close(self) -> None:
        """Release the inner predictor."""
        self._inner = None
