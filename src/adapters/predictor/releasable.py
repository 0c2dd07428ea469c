"""ClosablePredictor: a model in this process, which can be let go of."""

from collections.abc import Mapping

from foreseen.domain.batch import Batch
from foreseen.domain.errors import PredictionError
from foreseen.domain.key import Fingerprint
from foreseen.domain.ports import Predictor
from foreseen.domain.predictions import EncodedPredictions, Predictions
from foreseen.domain.signature import Signature


class ClosablePredictor:
    """Stands for a predictor until it is closed, and keeps its memory no longer.

    What was built around a model outlives it: its routes are known to the web framework, or wait to be collected.
    """

    def __init__(self, inner: Predictor) -> None:
        self._inner: Predictor | None = inner
        self._fingerprint = inner.fingerprint
        self._signature = inner.signature
        self._outputs = inner.outputs
        self._versions = inner.versions

    @property
    def fingerprint(self) -> Fingerprint:
        """As the inner one, also when it is closed."""
        return self._fingerprint

    @property
    def signature(self) -> Signature:
        """As the inner one, also when it is closed."""
        return self._signature

    @property
    def outputs(self) -> tuple[str, ...]:
        """As the inner one, also when it is closed."""
        return self._outputs

    @property
    def versions(self) -> Mapping[str, str]:
        """As the inner one, also when it is closed."""
        return self._versions

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
