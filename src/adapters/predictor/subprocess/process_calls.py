"""ProcessCalls: the concurrent calls of one child, each of which blocks its caller's thread."""

from collections.abc import Sequence
from concurrent.futures import Future
from itertools import count
from threading import Lock, Thread
from typing import TYPE_CHECKING

from foreseen.adapters.predictor.subprocess.parent import PATIENCE_S, ModelProcess, ProcessEndedError
from foreseen.domain.errors import ForeseenError
from foreseen.domain.model.model_failure import failure_text

if TYPE_CHECKING:
    from foreseen.domain.values.predictions import Predictions


class ProcessCalls:
    """Numbers calls, and passes each answer to the thread that waits for it."""

    def __init__(self, process: ModelProcess) -> None:
        """Accept a child that has loaded its model."""
        self._process = process
        self._numbers = count()
        self._waiting: dict[int, Future[Predictions]] = {}
        self._ending = ""
        self._lock = Lock()
        self._reader = Thread(target=self._read, name="model's answers", daemon=True)
        self._reader.start()

    @property
    def have_ended(self) -> bool:
        """Whether the child has ended, so that no call is answered any more."""
        return bool(self._ending)

    def predict(self, columns: Sequence[object]) -> "Predictions":
        """Predict the instances that have these columns; the calling thread waits without the interpreter lock.

        Raises:
            InvalidBatchError, PredictionError: raised by the predictor in the child.
            ProcessEndedError: the child ended before it had answered.
        """
        answer: Future[Predictions] = Future()
        with self._lock:
            if self._ending:
                raise ProcessEndedError(self._ending)
            number = next(self._numbers)
            self._waiting[number] = answer
        self._process.send((number, columns))
        return answer.result()

    def end(self) -> None:
        """End the child, or kill it if it is still computing; waiting calls fail with ProcessEndedError."""
        if not self._ending:
            self._say_goodbye()
            self._reader.join(PATIENCE_S)
            if self._reader.is_alive():
                self._process.kill()
        self._reader.join()

    def _say_goodbye(self) -> None:
        try:
            self._process.send(None)
        except ProcessEndedError:  # it has ended already
            return

    def _read(self) -> None:
        try:
            while True:
                self._hand_over(*self._process.receive())
        except ProcessEndedError as exc:
            self._fail_all(str(exc))
        except Exception as exc:  # noqa: BLE001 - a thread that ended would leave all callers waiting
            self._process.kill()
            self._fail_all(f"was stopped, because its answer could not be read: {failure_text(exc)}")

    def _hand_over(self, number: int, outcome: "Predictions | ForeseenError") -> None:
        answer = self._waiting.pop(number)
        if isinstance(outcome, ForeseenError):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)

    def _fail_all(self, ending: str) -> None:
        with self._lock:
            self._ending = ending
        while self._waiting:
            self._waiting.popitem()[1].set_exception(ProcessEndedError(ending))
