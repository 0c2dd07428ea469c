"""ProcessPredictor: a model in a process of its own, which shares no interpreter lock with who answers hits."""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event, Lock, Thread
from typing import Final

from foreseen.adapters.predictor.subprocess.failed_starts import FailedStarts
from foreseen.adapters.predictor.subprocess.parent import ModelProcess, NoAnswerError, ProcessEndedError
from foreseen.domain.errors import ModelRestartingError, ModelUnavailableError, PredictionError
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import EncodedPredictions

log = logging.getLogger(__name__)

_ANOTHER: Final = "the model's process had ended, and by now its file or what it needs is another; reload to serve that"


RETRY_S: Final = 5.0
"""Seconds between two processes that are started by readiness probes; a call starts one at once."""


class ProcessPredictor:
    """Calls the predictor in a child process, and starts another process if that ends or does not answer.

    One thread calls it, one batch after the other.
    """

    def __init__(
        self, process: ModelProcess, *, limit_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Wait until the model is loaded.

        Args:
            limit_s: seconds after which a call is taken for one that never ends; None for no limit.
        Raises:
            ModelUnavailableError: as `load_predictor`, or the process ended meanwhile.
        """
        self._process = process
        self._limit_s = limit_s
        self._using = Lock()  # held by who waits for the process: a call, or who sees to it
        self._trouble = "the model is being loaded again"
        self._clock = clock
        self._renewed_at = clock() - RETRY_S
        self._failed = FailedStarts(clock)
        self._closing = Event()
        with ExitStack() as on_failure:
            on_failure.callback(process.close)
            self.info = loaded_info(process)
            on_failure.pop_all()

    def predict(self, batch: Batch) -> EncodedPredictions:
        """Predict in the child, the calling thread waiting without the interpreter.

        Raises:
            InvalidBatchError, PredictionError: as the predictor in the child.
            PredictionError: the child ended or did not answer, or a new one has loaded another model.
            ModelRestartingError: it had ended, and another one could not load the model; none waits for the one after.
        """
        if self._failed.number and (trouble := self.unready()):
            raise ModelRestartingError(trouble, self._failed.left_s)
        with self._using:
            if self._process.has_ended:
                self._renew()
            try:
                self._require_the_same_model()
                return EncodedPredictions(self._process.predict(batch.columns, limit_s=self._limit_s))
            except ProcessEndedError as exc:
                self._renew()
                raise PredictionError(f"the model's process {exc} before it had answered") from exc
            except NoAnswerError as exc:
                said = f"has not answered within {self._limit_s:g} s (model_timeout)"
                log.error("the model's process %s", said)
                self._process.kill()
                self._renew()
                raise PredictionError(f"the model's process {said} and was ended") from exc

    def unready(self) -> str:
        """Return why the model cannot be called now, empty if it can; a child that has ended is replaced meanwhile."""
        process = self._process
        if process.is_loaded and not process.has_ended:
            return "" if process.loaded() == self.info else _ANOTHER
        if self._using.acquire(blocking=False):
            try:
                Thread(target=self._see_to_it, name="model loads again", daemon=True).start()
            except RuntimeError:  # no room for one more thread: the next one who looks tries again
                self._using.release()
        return self._trouble

    def abandon(self) -> None:
        """Kill the child, for good, from any thread: a call under way fails by PredictionError."""
        self._closing.set()
        self._process.kill()

    def close(self) -> None:
        """End the child."""
        self._closing.set()
        self._process.close()

    def _see_to_it(self) -> None:
        """Ensure that a process has loaded the model; the caller has acquired the lock."""
        try:
            if self._process.has_ended:
                if self._failed.left_s or (not self._failed.number and self._clock() < self._renewed_at + RETRY_S):
                    return
                self._renew()
            self._require_the_same_model()
        except (PredictionError, ModelRestartingError) as exc:
            self._trouble = str(exc)
        finally:
            self._using.release()

    def _renew(self) -> None:
        self._require_open()
        if not self._failed.number:
            log.warning("the model's process %s: another one is started", self._process.ending())
            self._trouble = "the model is being loaded again"
        self._process.close()
        self._renewed_at = self._clock()
        try:
            self._process = self._process.another()
        except OSError as exc:  # no room for one more process
            raise self._failure(str(exc)) from exc
        if self._closing.is_set():  # meanwhile, which has closed the one before
            self._process.close()

    def _require_open(self) -> None:
        if self._closing.is_set() or self._process.is_abandoned:
            raise PredictionError("the model's process was ended, and no other is to take its place")

    def _failure(self, reason: str) -> ModelRestartingError:
        """Count a start that failed, and return what its callers get."""
        self._failed.count(reason)
        self._trouble = f"the model's process had ended, and another one could not start: {reason}"
        return ModelRestartingError(self._trouble, self._failed.left_s)

    def _require_the_same_model(self) -> None:
        """Refuse what the file has become since: its answers would be kept under the old one's keys."""
        try:
            loaded = self._process.loaded()
        except (ModelUnavailableError, ProcessEndedError) as exc:
            self._process.ending()  # which it does by itself
            self._require_open()
            said = str(exc) if isinstance(exc, ModelUnavailableError) else f"it {exc}"
            raise self._failure(said) from exc
        self._failed.forget()
        if loaded != self.info:
            raise PredictionError(f"{_ANOTHER}: {self.info.difference(loaded)}")


def loaded_info(process: ModelProcess) -> ModelInfo:
    """Wait until a child has loaded its model, and return what it is.

    Raises:
        ModelUnavailableError: as `load_predictor`, or the process ended meanwhile.
    """
    try:
        return process.loaded()
    except ProcessEndedError as exc:
        raise ModelUnavailableError(f"expected the model to load, but its process {exc}") from exc
