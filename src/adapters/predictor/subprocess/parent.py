"""ModelProcess: a child process around one model, as its parent sees it."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from foreseen.adapters.predictor.call_sizes.thread_environment import thread_environment
from foreseen.adapters.predictor.subprocess.child_notes import ChildNotes
from foreseen.adapters.predictor.subprocess.model_options import ModelOptions
from foreseen.adapters.predictor.subprocess.pipe import Order, Pipe
from foreseen.domain.errors import ForeseenError
from foreseen.domain.model.engine_switch import EngineSwitch

if TYPE_CHECKING:  # it brings numpy, which the parent needs later than its child
    from collections.abc import Sequence

    from foreseen.domain.model.model_info import ModelInfo
    from foreseen.domain.values.batch import Column
    from foreseen.domain.values.predictions import EncodedPredictions

_CODE: Final = """\
import sys
fd = int(sys.argv[1])
sys.path[:], sys.argv[1:] = sys.argv[2:], []
from foreseen.adapters.predictor.subprocess.child import main
from foreseen.process.process_end import end_process_after
end_process_after(lambda: main(fd))
"""
"""What the child runs: a fresh interpreter that finds modules where its parent does, the user's own among them."""

LOOK_S: Final = 1.0
"""Seconds between checks whether the child still runs.

Its end closes the pipe, unless processes that the model started hold it open.
"""

PATIENCE_S: Final = 2.0
"""Seconds that a child may take to clean up and end."""


class ProcessEndedError(Exception):
    """The child has ended; the message says how."""


class NoAnswerError(Exception):
    """The child has not answered in time."""


class ModelProcess:
    """Loads a model in a process of its own, from now on; the process ends when this is closed, or with the parent.

    It is a fresh interpreter. A fork would copy locks that this process's threads hold at that moment, and
    multiprocessing would import the command again before the model.

    Attributes:
        is_abandoned: whether it will not be replaced.
        notes: what the child sends between its answers; the processes that replace this one have the same switch.
    """

    def __init__(
        self,
        options: ModelOptions,
        *,
        log_level: str = "warning",
        calls: int = 0,
        switch: EngineSwitch | None = None,
    ) -> None:
        """Accept the arguments of `load_predictor`, by name, and the least level that is logged here.

        Args:
            calls: batches that are answered at a time; 0 for one after the other.
            switch: of the model's engine, if that is known already.
        """
        self._order = Order(options, log_level, calls)
        self._loaded: ModelInfo | None = None
        self._closing = Lock()
        self.is_abandoned = False
        self.notes = ChildNotes(EngineSwitch() if switch is None else switch)
        ours, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and code of ours
                [sys.executable, "-c", _CODE, str(theirs.fileno()), *import_path()],
                stdin=subprocess.PIPE,  # nothing is ever written to it: it closes when this process ends
                pass_fds=[theirs.fileno()],
                env={**os.environ, **thread_environment(options.get("threads", 1))},
                process_group=0,  # Ctrl-C is for the parent, even before the child ignores it
            )
        self._pipe = Pipe(ours)
        with suppress(OSError):  # it has ended already, which the wait for the model reports
            self._pipe.send(self._order)

    def another(self) -> "ModelProcess":
        """Start another process with the same options."""
        options, switch = self._order.options, self.notes.switch
        if not switch.is_on:
            options = {**options, "engine": "library"}
        return ModelProcess(options, log_level=self._order.log_level, calls=self._order.calls, switch=switch)

    @property
    def pid(self) -> int:
        """The child's process id, which the system may reuse once this is closed."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the child has ended."""
        return self._process.poll() is not None

    def loaded(self) -> "ModelInfo":
        """Wait until the model is loaded, and return what it is.

        Raises:
            ModelUnavailableError: as `load_predictor`.
            ProcessEndedError: the child ended before that.
        """
        if self._loaded is None:
            self._loaded = self.receive()
        return self._loaded

    @property
    def is_loaded(self) -> bool:
        """Whether the model was loaded, and `loaded` was called since."""
        return self._loaded is not None

    def predict(self, columns: "Sequence[Column] | Column", *, limit_s: float | None = None) -> "EncodedPredictions":
        """Predict the instances that have these columns, encoded.

        Args:
            columns: one array per feature, or one array of all, shape (features, n).
        Raises:
            InvalidBatchError, PredictionError: raised by the predictor in the child.
            ProcessEndedError: the child ended before it could answer.
            NoAnswerError: it did not answer within `limit_s` seconds; kill it, since the answer may still arrive.
        """
        self.send(columns)
        answers: EncodedPredictions = self.receive(limit_s)
        return answers

    def send(self, message: object) -> None:
        """Send a message to the child, from any thread.

        Raises:
            ProcessEndedError: the child has ended.
        """
        try:
            self._pipe.send(message)
        except OSError as exc:
            raise ProcessEndedError(self.ending()) from exc

    def receive(self, limit_s: float | None = None) -> Any:
        """Wait for the next message that is not a log line, and return it.

        Raises:
            ForeseenError: the message is an error of the child.
            ProcessEndedError: the child ended before it sent one.
            NoAnswerError: it did not within `limit_s` seconds.
        """
        deadline = None if limit_s is None else time.monotonic() + limit_s
        try:
            while True:
                if not self._pipe.has_message(LOOK_S if deadline is None else max(0, min(LOOK_S, deadline - _now()))):
                    self._require_answer_by(deadline)
                elif not self.notes.accept(message := self._pipe.receive()):
                    break
        except (EOFError, OSError) as exc:
            raise ProcessEndedError(self.ending()) from exc
        if isinstance(message, ForeseenError):
            raise message
        return message

    def receive_notes(self) -> None:
        """Receive what has arrived while no call is in progress: log lines and checks of the engine."""
        with suppress(EOFError, OSError):  # the child has ended, which the next call reports
            while self._pipe.has_message(0) and self.notes.accept(self._pipe.receive()):
                pass

    def kill(self) -> None:
        """Kill the child, from any thread; a wait for it raises ProcessEndedError."""
        self._process.kill()

    def abandon(self) -> None:
        """End the child as `kill` does, for good."""
        self.is_abandoned = True
        self.kill()

    def close(self) -> None:
        """End the child and wait for it; one that is still loading is killed, since it has nothing to clean up."""
        with self._closing:  # of two threads that close a descriptor, the second might close another file's
            self._pipe.close()
            if self._loaded is None:
                self._process.kill()
            try:
                self._process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()

    def ending(self) -> str:
        """Wait until the child has ended, and return how, as it follows "the model's process"."""
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            return "has closed its pipe"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def _require_answer_by(self, deadline: float | None) -> None:
        """Raise EOFError if the child has ended, NoAnswerError if the deadline has passed."""
        if self.has_ended and not self._pipe.has_message(0):
            raise EOFError
        if deadline is not None and _now() >= deadline:
            raise NoAnswerError


def import_path() -> list[str]:
    """Return the import path without the working directory, which the child adds last and checks."""
    here = ("", ".", os.getcwd())  # noqa: PTH109 - as it is in the list
    return [str(each) for each in sys.path if str(each) not in here]


_now = time.monotonic
