"""ProcessPredictor: a model in a process of its own, which shares no interpreter lock with who answers hits."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack

from foreseen.adapters.predictor.model_process import ModelProcess, ProcessEndedError
from foreseen.adapters.predictor.pipe import Loaded
from foreseen.domain.batch import Batch
from foreseen.domain.errors import ModelUnavailableError, PredictionError
from foreseen.domain.key import Fingerprint
from foreseen.domain.predictions import EncodedPredictions
from foreseen.domain.signature import Signature

log = logging.getLogger(__name__)


class ProcessPredictor:
    """Stands for the predictor in a child process, and starts another one should that end.

    One thread asks it, one batch after the other.
    """

    def __init__(self, process: ModelProcess) -> None:
        """Wait until the model is loaded.

        Raises:
            ModelUnavailableError: as `load_predictor`, or the process ended meanwhile.
        """
        self._process = process
        with ExitStack() as on_failure:
            on_failure.callback(process.close)
            self._model = _loaded(process)
            on_failure.pop_all()

    @property
    def fingerprint(self) -> Fingerprint:
        """As the predictor in the child."""
        return self._model.fingerprint

    @property
    def signature(self) -> Signature:
        """As the predictor in the child."""
        return self._model.signature

    @property
    def outputs(self) -> tuple[str, ...]:
        """As the predictor in the child."""
        return self._model.outputs

    @property
    def versions(self) -> Mapping[str, str]:
        """As the predictor in the child."""
        return self._model.versions

    def predict(self, batch: Batch) -> EncodedPredictions:
        """Predict in the child, the calling thread waiting without the interpreter.

        Raises:
            InvalidBatchError, PredictionError: as the predictor in the child.
            PredictionError: the child ended meanwhile, or a new one has loaded another model.
        """
        if self._process.has_ended:
            self._renew()
        try:
            self._require_the_same_model()
            return EncodedPredictions(self._process.predict(batch.columns))
        except ProcessEndedError as exc:
            self._renew()
            raise PredictionError(f"the model's process {exc} before it had answered") from exc

    def close(self) -> None:
        """End the child."""
        self._process.close()

    def _renew(self) -> None:
        log.warning("the model's process %s: another one is started", self._process.ending())
        self._process.close()
        self._process = self._process.another()

    def _require_the_same_model(self) -> None:
        """Refuse what the file has become since: its answers would be kept under the old one's keys."""
        try:
            loaded = self._process.loaded()
        except ModelUnavailableError as exc:
            self._process.ending()  # which it does by itself; the next call starts another
            raise PredictionError(f"the model's process had ended, and another one could not start: {exc}") from exc
        if loaded.fingerprint != self._model.fingerprint:
            raise PredictionError(
                "the model's process had ended, and by now its file or what it needs is another; "
                "restart the service to serve that"
            )


def _loaded(process: ModelProcess) -> Loaded:
    try:
        return process.loaded()
    except ProcessEndedError as exc:
        raise ModelUnavailableError(f"expected the model to load, but its process {exc}") from exc
