"""ProcessPredictor: a model in a process of its own, so that it does not hold the interpreter lock that hits need."""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Event, Lock, Thread
from typing import Final

import numpy as np

from foreseen.adapters.predictor.subprocess.failed_starts import FailedStarts
from foreseen.adapters.predictor.subprocess.parent import ModelProcess, NoAnswerError, ProcessEndedError
from foreseen.domain.errors import ModelRestartingError, ModelUnavailableError, PredictionError
from foreseen.domain.model.engine_switch import EngineSwitch
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import EncodedPredictions

log = logging.getLogger(__name__)

_ANOTHER: Final = (
    "the model's process had ended, and its file or something that it needs has changed since; "
    "reload to serve the new one"
)
CHECK_S: Final = 0.02
"""Seconds between looks for the result of a check of the engine."""

RETRY_S: Final = 5.0
"""Minimum seconds between two processes that readiness probes start; a call starts one at once."""


class ProcessPredictor:
    """Calls the predictor in a child process, and starts another process if that ends or does not answer.

    One thread calls it, one batch after the other.

    Attributes:
        endings: processes of this model that have ended by themselves, or were ended since they did not answer.
    """

    def __init__(
        self, process: ModelProcess, *, limit_s: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Wait until the model is loaded.

        Args:
            limit_s: seconds after which a call counts as hanging; None for no limit.
        Raises:
            ModelUnavailableError: as `load_predictor`, or the process ended meanwhile.
        """
        self.process = process
        self._verified = process  # the last process that is known to serve this model
        self._limit_s = limit_s
        self._using = Lock()  # held while a call, or the check of a new process, waits for the process
        self._trouble = "the model is being loaded again"
        self._clock = clock
        self._renewed_at = clock() - RETRY_S
        self._failed = FailedStarts(clock)
        self._closing = Event()
        self.endings = 0
        self._is_awaiting = False
        self._outdated: ModelProcess | None = None
        """A process whose engine is no longer used: the next one has none."""
        with ExitStack() as on_failure:
            on_failure.callback(process.close)
            self.info = loaded_info(process)
            on_failure.pop_all()

    def predict(self, batch: Batch) -> EncodedPredictions:
        """Predict in the child; the calling thread waits without the interpreter lock.

        Raises:
            InvalidBatchError, PredictionError: raised by the predictor in the child.
            PredictionError: the child ended or did not answer, or a new one has loaded another model.
            ModelRestartingError: it had ended, and another one could not load the model; the next is not awaited.
        """
        if self._failed.number and (trouble := self.unready()):
            raise ModelRestartingError(trouble, self._failed.left_s)
        with self._using:
            if self.process is self._outdated:
                self.process.close()
            if self.process.has_ended:
                self._renew()
            try:
                if self.process is not self._verified:
                    self._require_the_same_model()
                # Numbers are sent as one matrix: thirty columns would take five times as long.
                columns = np.stack(batch.columns) if batch.signature.is_plain else batch.columns
                answers = self.process.predict(columns, limit_s=self._limit_s)
                if self.process.notes.checks_under_way:
                    self._await_checks()
                return answers
            except ProcessEndedError as exc:
                self._renew()
                raise PredictionError(f"the model's process {exc} before it had answered") from exc
            except NoAnswerError as exc:
                said = f"has not answered within {self._limit_s:g} s (model_timeout)"
                log.error("the model's process %s", said)
                self.process.kill()
                self._renew()
                raise PredictionError(f"the model's process {said} and was ended") from exc

    @property
    def engine_switch(self) -> EngineSwitch:
        """Whether the model's engine is still used."""
        return self.process.notes.switch

    def without_engine(self, difference: str) -> None:
        """Let the library compute everything, after a difference that was found elsewhere: in another process."""
        if not self.engine_switch.is_on:
            return  # this process itself has found it, and may be doing so in a call that has the lock
        self._outdated = self.process
        self.engine_switch.turn_off(difference)
        # The caller may be the event loop's thread, which must not wait for a call or for the end of a process.
        with suppress(RuntimeError):  # no thread available: the next call ends it
            Thread(target=self._end_outdated, name="model without engine", daemon=True).start()

    def unready(self) -> str:
        """Return why the model cannot be called now, empty if it can; start to replace a child that has ended."""
        process = self.process
        if process.is_loaded and not process.has_ended:
            return "" if process.loaded() == self.info else _ANOTHER
        if self._using.acquire(blocking=False):
            try:
                Thread(target=self._see_to_it, name="model loads again", daemon=True).start()
            except RuntimeError:  # no thread available: the next probe tries again
                self._using.release()
        return self._trouble

    def abandon(self) -> None:
        """Kill the child for good, from any thread; a call in progress fails with PredictionError."""
        self._closing.set()
        self.process.kill()

    def close(self) -> None:
        """End the child."""
        self._closing.set()
        self.process.close()

    def _await_checks(self) -> None:
        """Receive the results of checks of the engine although no call may follow; the caller has the lock."""
        if self._is_awaiting:
            return
        self._is_awaiting = True
        try:
            Thread(target=self._receive_checks, args=(self.process,), name="engine checks", daemon=True).start()
        except RuntimeError:  # no thread available: the next call receives them
            self._is_awaiting = False

    def _receive_checks(self, process: ModelProcess) -> None:
        while True:
            time.sleep(CHECK_S)
            with self._using:
                if process is self.process:  # what another one sends first is not for this thread
                    process.receive_notes()
                if process is not self.process or not process.notes.checks_under_way or process.has_ended:
                    self._is_awaiting = False
                    return

    def _end_outdated(self) -> None:
        with self._using:
            if self.process is self._outdated:
                self.process.close()

    def _see_to_it(self) -> None:
        """Ensure that a process has loaded the model; the caller has acquired the lock."""
        try:
            if self.process.has_ended:
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
        is_wanted = self.process is self._outdated
        self.endings += not is_wanted
        if not self._failed.number:
            if not is_wanted:
                log.warning("the model's process %s: another one is started", self.process.ending())
            self._trouble = "the model is being loaded again"
        self.process.close()
        self._renewed_at = self._clock()
        try:
            self.process = self.process.another()
        except OSError as exc:  # the system has no room for another process
            raise self._failure(str(exc)) from exc
        if self._closing.is_set():  # closed meanwhile, which closed the previous process
            self.process.close()

    def _require_open(self) -> None:
        if self._closing.is_set() or self.process.is_abandoned:
            raise PredictionError("the model's process was stopped, and will not be replaced")

    def _failure(self, reason: str) -> ModelRestartingError:
        """Count a start that failed, and return the error to raise."""
        self._failed.count(reason)
        self._trouble = f"the model's process had ended, and another one could not start: {reason}"
        return ModelRestartingError(self._trouble, self._failed.left_s)

    def _require_the_same_model(self) -> None:
        """Raise PredictionError if the model changed: its answers would be cached under the previous one's keys."""
        try:
            loaded = self.process.loaded()
        except (ModelUnavailableError, ProcessEndedError) as exc:
            self.process.ending()  # it ends by itself
            self._require_open()
            said = str(exc) if isinstance(exc, ModelUnavailableError) else f"it {exc}"
            raise self._failure(said) from exc
        self._failed.forget()
        if loaded != self.info:
            raise PredictionError(f"{_ANOTHER}: {self.info.difference(loaded)}")
        self._verified = self.process


def loaded_info(process: ModelProcess) -> ModelInfo:
    """Wait until a child has loaded its model, and return what it is.

    Raises:
        ModelUnavailableError: as `load_predictor`, or the process ended meanwhile.
    """
    try:
        return process.loaded()
    except ProcessEndedError as exc:
        raise ModelUnavailableError(f"expected the model to load, but its process {exc}") from exc
