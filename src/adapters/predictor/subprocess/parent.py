"""ModelProcess: a child process around one model, as its parent holds it."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from foreseen.adapters.predictor.call_sizes.thread_environment import thread_environment
from foreseen.adapters.predictor.subprocess.pipe_messages import LogLine, Order, Pipe
from foreseen.domain.errors import ForeseenError

if TYPE_CHECKING:  # it brings numpy, which the parent needs later than its child
    from foreseen.domain.model.model_info import ModelInfo

_CODE: Final = """\
import sys
fd = int(sys.argv[1])
sys.path[:], sys.argv[1:] = sys.argv[2:], []
from foreseen.adapters.predictor.subprocess.child import main
from foreseen.domain.process_end import end_process_after
end_process_after(lambda: main(fd))
"""
"""What the child runs: a fresh interpreter that finds modules where its parent does, the user's own among them."""

LOOK_S: Final = 1.0
"""Seconds between looks at whether the child is still there.

Its end closes the pipe, except where the model has started processes that hold it open.
"""

PATIENCE_S: Final = 2.0
"""Seconds that a child may take to clean up and end."""


class ProcessEndedError(Exception):
    """The child is gone; says how it ended."""


class NoAnswerError(Exception):
    """The child has not answered in time."""


class ModelProcess:
    """Starts to load the model at once, in a process of its own; it ends when this is closed, or with the parent.

    Started as a fresh interpreter and not by fork, which would copy the locks of this one's threads as they happen to
    be held; and not by multiprocessing, which would import the command again before the model.

    Attributes:
        is_abandoned: whether no other is to take its place.
    """

    def __init__(self, options: Mapping[str, Any], *, log_level: str = "warning", calls: int = 0) -> None:
        """Accept what `load_predictor` takes, by name, and the least level that is logged here.

        Args:
            calls: batches that are answered side by side; 0 for one after the other.
        """
        self._order = Order(options, log_level, calls)
        self._loaded: ModelInfo | None = None
        self._closing = Lock()
        self.is_abandoned = False
        ours, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and code of ours
                [sys.executable, "-c", _CODE, str(theirs.fileno()), *_import_path()],
                stdin=subprocess.PIPE,  # nothing is ever written to it: it closes when this process ends
                pass_fds=[theirs.fileno()],
                env={**os.environ, **thread_environment(options.get("threads", 1))},
                process_group=0,  # Ctrl-C is for the parent, also before the child has seen to it
            )
        self._pipe = Pipe(ours)
        with suppress(OSError):  # it has ended already, which the wait for the model reports
            self._pipe.send(self._order)

    def another(self) -> "ModelProcess":
        """Start one more like this one."""
        return ModelProcess(self._order.options, log_level=self._order.log_level, calls=self._order.calls)

    @property
    def has_ended(self) -> bool:
        """Whether the child is gone."""
        return self._process.poll() is not None

    def loaded(self) -> "ModelInfo":
        """Wait until the model is loaded, and return what it is.

        Raises:
            ModelUnavailableError: as `load_predictor`.
            ProcessEndedError: the child ended before it could tell.
        """
        if self._loaded is None:
            self._loaded = self.receive()
        return self._loaded

    @property
    def is_loaded(self) -> bool:
        """Whether the model was loaded, and somebody has waited for that."""
        return self._loaded is not None

    def predict(self, columns: Sequence[Any], *, limit_s: float | None = None) -> list[bytes]:
        """Predict the instances that have these columns, encoded.

        Raises:
            InvalidBatchError, PredictionError: as the predictor in the child.
            ProcessEndedError: the child ended before it could answer.
            NoAnswerError: it did not within so many seconds; it has to be killed now: its answer may still come.
        """
        self.send(columns)
        bodies: list[bytes] = self.receive(limit_s)
        return bodies

    def send(self, message: object) -> None:
        """Send a message to the child, from any thread.

        Raises:
            ProcessEndedError: the child is gone.
        """
        try:
            self._pipe.send(message)
        except OSError as exc:
            raise ProcessEndedError(self.ending()) from exc

    def receive(self, limit_s: float | None = None) -> Any:
        """Wait for the next message that is no line for the log, and return it.

        Raises:
            ForeseenError: that was the message.
            ProcessEndedError: the child ended before it sent one.
            NoAnswerError: it did not within so many seconds.
        """
        deadline = None if limit_s is None else time.monotonic() + limit_s
        while isinstance(message := self._next(deadline), LogLine):
            logger = logging.getLogger(message.logger)
            if logger.isEnabledFor(message.level):
                logger.handle(message.record())
        if isinstance(message, ForeseenError):
            raise message
        return message

    def kill(self) -> None:
        """Kill the child, from any thread; a wait for it raises ProcessEndedError."""
        self._process.kill()

    def abandon(self) -> None:
        """End the child as `kill` does, for good."""
        self.is_abandoned = True
        self.kill()

    def close(self) -> None:
        """Let the child end, and see that it does; one that is still loading has nothing to tidy up."""
        with self._closing:  # what two threads close at once may be another's by then
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
        """Wait until the child has ended, and word how."""
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            return "has closed its pipe"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def _next(self, deadline: float | None) -> Any:
        try:
            while not self._pipe.has_message(LOOK_S if deadline is None else max(0, min(LOOK_S, deadline - _now()))):
                if self.has_ended and not self._pipe.has_message(0):
                    raise EOFError
                if deadline is not None and _now() >= deadline:
                    raise NoAnswerError
            return self._pipe.receive()
        except (EOFError, OSError) as exc:
            raise ProcessEndedError(self.ending()) from exc


def _import_path() -> list[str]:
    """Return where modules are found but for the working directory, which the child adds last and checks."""
    here = ("", ".", os.getcwd())  # noqa: PTH109 - as it is in the list
    return [str(each) for each in sys.path if str(each) not in here]


_now = time.monotonic
