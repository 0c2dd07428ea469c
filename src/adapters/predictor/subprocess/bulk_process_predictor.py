"""BulkProcessPredictor: a model in a process of its own that answers batches of thousands, several at a time."""

import logging
from contextlib import ExitStack
from threading import Lock
from typing import Final

from foreseen.adapters.predictor.subprocess.parent import ModelProcess, ProcessEndedError
from foreseen.adapters.predictor.subprocess.process_calls import ProcessCalls
from foreseen.adapters.predictor.subprocess.process_predictor import loaded_info
from foreseen.domain.errors import ModelEndedError, ModelUnavailableError
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions

log = logging.getLogger(__name__)

MOST_ENDINGS: Final = 50
"""Maximum processes that a run may lose. Finding a row that ends its process costs about five."""


class BulkProcessPredictor:
    """Predicts in a child process, and starts another one if it ends.

    Any number of threads may call it. A child that ends fails the calls that it has not answered, and no others.
    """

    def __init__(self, process: ModelProcess, *, most_endings: int = MOST_ENDINGS) -> None:
        """Wait until the model is loaded.

        Args:
            process: one that answers several calls at a time.
            most_endings: processes that may end before no other is started.
        Raises:
            ModelUnavailableError: as `load_predictor`, or the process ended meanwhile.
        """
        self.process = process
        self._is_abandoned = False
        self._most_endings = most_endings
        self._endings = 0
        self._renewing = Lock()
        with ExitStack() as on_failure:
            on_failure.callback(process.close)
            self.info = loaded_info(process)
            on_failure.pop_all()
        self._calls: ProcessCalls | None = None

    def predict(self, batch: Batch) -> Predictions:
        """Predict in the child.

        Raises:
            InvalidBatchError, PredictionError: raised by the predictor in the child.
            ModelEndedError: the child ended before it had answered; the next call starts another one.
            ModelUnavailableError: too many have ended, or another one cannot load the same model.
        """
        try:
            return self._running().predict(batch.columns)
        except ProcessEndedError as exc:
            raise ModelEndedError(f"the model's process {exc}") from exc

    def abandon(self) -> None:
        """Kill the child for good, from any thread; calls in progress fail."""
        self._is_abandoned = True
        self.process.kill()

    def close(self) -> None:
        """End the child."""
        self._is_abandoned = True
        if self._calls is not None:
            self._calls.end()
        self.process.close()

    def _running(self) -> ProcessCalls:
        """Return the calls of a running child; start another one if the last has ended."""
        with self._renewing:
            if self._calls is None:
                self._calls = ProcessCalls(self.process)
            elif self._calls.have_ended:
                self._calls = self._renewed(self._calls)
            return self._calls

    def _renewed(self, ended: ProcessCalls) -> ProcessCalls:
        """Start another child in place of one that has ended."""
        ending = self.process.ending()
        self._raise_if_abandoned()
        self._endings += 1
        if self._endings > self._most_endings:
            raise ModelUnavailableError(
                f"expected the model to leave its process running, but {self._endings:,} have ended; the last {ending}"
            )
        log.warning("the model's process %s: another one is started", ending)
        ended.end()
        self.process.close()
        self.process = self.process.another()
        if self._is_abandoned:  # meanwhile, and perhaps by killing the one before
            self.process.kill()
            self._raise_if_abandoned()
        loaded = loaded_info(self.process)
        if loaded != self.info:
            raise ModelUnavailableError(
                "the model's process had ended, and its file or something that it needs has changed since: "
                f"{self.info.difference(loaded)}"
            )
        return ProcessCalls(self.process)

    def _raise_if_abandoned(self) -> None:
        if self._is_abandoned:
            raise ModelUnavailableError("the model's process was stopped, and will not be replaced")
