"""ClosablePredictor: a model in this process, which can be let go of."""

from foreseen.domain.errors import PredictionError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import EncodedPredictions, Predictions


class ClosablePredictor:
    """Wraps a predictor until it is closed, and then releases its memory.

    Objects around a model outlive it: the web framework refers to its routes, or they wait to be collected.
    """

    def __init__(self, inner: Predictor) -> None:
        self._inner: Predictor | None = inner
        self.info = inner.info
        """As that of the inner one, also when this is closed."""

    def predict(self, batch: Batch) -> Predictions | EncodedPredictions:
        """Predict as the inner one.

        Raises:
            InvalidBatchError, PredictionError: as the inner one; also when it is closed.
        """
        inner = self._inner
        if inner is None:
            raise PredictionError("the model was let go of, since another one has taken its place or the service stops")
        return inner.predict(batch)

    def close(self) -> None:
        """Let go of it."""
        self._inner = None
