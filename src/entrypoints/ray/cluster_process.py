"""ClusterProcess: the driver of a run, as the command holds it."""

import logging
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from foreseen.entrypoints.ray.cluster_errors import ClusterError, NotConnectedError
from foreseen.entrypoints.ray.driver.driver_process import END, Order
from foreseen.entrypoints.ray.driver.packing import packed, unpacked
from foreseen.entrypoints.ray.driver.process_session import LOOK_S, end_session

if TYPE_CHECKING:  # they bring Arrow, which is imported while Ray starts
    from foreseen.domain.errors import ForeseenError
    from foreseen.entrypoints.ray.driver.packed_plan import Work
    from foreseen.entrypoints.ray.parts.parts import Outcome

_CODE: Final = """\
import signal, sys
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, lambda *_: None)
fd = int(sys.argv[1])
sys.path[:], sys.argv[1:] = sys.argv[2:], []
from foreseen.domain.process_end import end_process_after
from foreseen.entrypoints.ray.driver.driver_process import main
end_process_after(lambda: main(fd))
"""
"""What the driver runs: a fresh interpreter that finds modules where this one does, the user's own among them.

It leaves signals to the command before it imports anything, since the two may be sent the same.
"""

log = logging.getLogger(__name__)

STARTS: Final = 3
"""How often a Ray of this run's own is started, where a busy machine does not get it started in time."""
WAIT_S: Final = 1.0
"""Seconds between looks at whether a driver that says nothing is still there."""
PATIENCE_S: Final = 10.0
"""Seconds that a driver may take to leave a cluster that others use as well."""
_CLOSED_S: Final = 2.0
"""Seconds between the end of a driver's socket and its own."""


class ClusterProcess:
    """Starts a driver, sends it work and receives the outcome of each part; ends it and all that it has started."""

    def __init__(
        self,
        address: str | None,
        *,
        held_back: Callable[[], AbstractContextManager[None]] = nullcontext,
        is_debugging: bool = False,
    ) -> None:
        """Accept the address of a cluster; None to start a Ray for this run.

        Args:
            held_back: delays signals during its block.
            is_debugging: whether to show the logs of Ray.
        """
        self._is_debugging = is_debugging
        self._address = address
        self._held_back = held_back
        self._driver: _Driver | None = None
        self._has_finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.end()

    def start(self) -> None:
        """Start the driver unless it is running; it connects in the background."""
        if self._driver is None:
            with self._held_back():
                self._driver = _Driver(self._address, is_debugging=self._is_debugging)

    def outcomes(self, work: "Work") -> "Iterator[Outcome | ForeseenError]":
        """Do work, and yield what becomes of each part as it is done.

        Raises:
            ClusterError: the driver has ended before the work was done.
        """
        message = self._first_message(work)
        while message != END:
            yield message
            message = self._running.receive()
        self._has_finished = True

    def _first_message(self, work: "Work") -> Any:
        """Start and send the work; again where a Ray of our own has not started, which has half a minute for that."""
        for tries_left in reversed(range(STARTS)):
            self.start()
            self._running.send(work)
            message = self._running.receive()
            if self._address is not None or not tries_left or not isinstance(message, NotConnectedError):
                break
            log.debug("started once more: %s", message)
            self.end()
        return message

    @property
    def _running(self) -> "_Driver":
        if self._driver is None:
            raise ValueError("expected a driver that was started")
        return self._driver

    def end(self) -> None:
        """End the driver and all that it has started, at once unless it only has to leave a cluster."""
        if self._driver is not None:
            with self._held_back():
                self._driver.end(patience_s=PATIENCE_S if self._has_finished and self._address is not None else 0)
            self._driver = None


class _Driver:
    """The process, its socket, and the folder of the Ray that it starts."""

    def __init__(self, address: str | None, *, is_debugging: bool) -> None:
        shown = None if is_debugging else subprocess.DEVNULL  # also what C++ writes, past every logger
        self._folder = None if address else Path(tempfile.mkdtemp(prefix="foreseen-ray-"))
        self._pipe, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and code of ours
                [sys.executable, "-c", _CODE, str(theirs.fileno()), *map(str, sys.path)],
                stdin=subprocess.PIPE,  # nothing is ever written to it: it closes when this process ends
                stdout=shown,
                stderr=shown,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # by which all that it starts is found; and Ctrl-C is for the command
            )
        self.send(Order(address, self._folder, is_debugging))

    def send(self, message: object) -> None:
        with suppress(OSError):  # it has ended already, which is found when its answer is waited for
            self._pipe.send_bytes(packed(message))

    def receive(self) -> Any:
        try:
            while not self._pipe.poll(WAIT_S):
                if self._status() is not None and not self._pipe.poll(0):
                    raise EOFError
            return unpacked(self._pipe.recv_bytes())
        except (EOFError, OSError) as exc:
            raise ClusterError(f"Ray: expected a driver that lives until the end, got one that {self._how()}") from exc

    def end(self, *, patience_s: float) -> None:
        with suppress(OSError):
            self._pipe.poll(patience_s)  # its end of the socket closes when it has left
        self._pipe.close()
        end_session(self._process.pid)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _status(self) -> Any:
        """Return how it has ended, None if it has not; it is not waited for, since its id would be free for others."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)

    def _how(self) -> str:
        deadline = time.monotonic() + _CLOSED_S
        while (ended := self._status()) is None:
            if time.monotonic() > deadline:
                return "has closed its socket"
            time.sleep(LOOK_S)
        code: int = ended.si_status
        if ended.si_code == os.CLD_EXITED:
            return f"ended with exit code {code}"
        return f"died of {signal.Signals(code).name}"
