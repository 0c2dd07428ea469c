"""ClusterProcess: the driver process of a run, as seen by the command that started it."""

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
from typing import TYPE_CHECKING, Final, Self, cast

from foreseen.entrypoints.ray.cluster_errors import ClusterError, NotConnectedError
from foreseen.entrypoints.ray.driver.driver_process import END, Order
from foreseen.entrypoints.ray.driver.packing import packed, unpacked
from foreseen.entrypoints.ray.driver.process_session import LOOK_S, end_session

if TYPE_CHECKING:  # they bring Arrow, which is imported while Ray starts
    from foreseen.domain.errors import ForeseenError
    from foreseen.entrypoints.ray.driver.packed_plan import Work
    from foreseen.entrypoints.ray.parts.parts import Outcome

_CODE: Final = """\
import sys
fd = int(sys.argv[1])
sys.path[:], sys.argv[1:] = sys.argv[2:], []
from foreseen.process.signal_handlers import leave_signals_to_parent
leave_signals_to_parent()
from foreseen.process.process_end import end_process_after
from foreseen.entrypoints.ray.driver.driver_process import main
end_process_after(lambda: main(fd))
"""
"""The program of the driver: a fresh interpreter with the module path of this one, on which the user's modules are.

It leaves signals to the command before it imports anything, since both may be sent the same signal.
"""

log = logging.getLogger(__name__)

STARTS: Final = 3
"""Attempts to start a Ray for this run, which on a busy machine may not start in time."""
WAIT_S: Final = 1.0
"""Seconds between checks whether a silent driver is still running."""
PATIENCE_S: Final = 10.0
"""Seconds that a driver may take to disconnect from a shared cluster."""
_CLOSED_S: Final = 2.0
"""Most seconds between the end of a driver's socket and the end of its process."""


class ClusterProcess:
    """Starts a driver, sends it work and receives the outcome of each part; ends it with every process it started."""

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
        self._driver: DriverProcess | None = None
        self._has_finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.end()

    def start(self) -> None:
        """Start the driver unless it is running; it connects in the background."""
        if self._driver is None:
            with self._held_back():
                self._driver = DriverProcess(self._address, is_debugging=self._is_debugging)

    def outcomes(self, work: "Work") -> "Iterator[Outcome | ForeseenError]":
        """Do the work, and yield the outcome of each part when it is done, or the error that ends the run.

        Raises:
            ClusterError: the driver ended before the work was done.
        """
        message = self._first_message(work)
        while message != END:
            yield cast("Outcome | ForeseenError", message)
            message = self._running.receive()
        self._has_finished = True

    def _first_message(self, work: "Work") -> object:
        """Send the work and return the first answer; try again if a new Ray did not start within half a minute."""
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
    def _running(self) -> "DriverProcess":
        if self._driver is None:
            raise ValueError("expected a driver that was started")
        return self._driver

    def end(self) -> None:
        """End the driver and all that it started; after finished work on a shared cluster, let it disconnect first."""
        if self._driver is not None:
            with self._held_back():
                self._driver.end(patience_s=PATIENCE_S if self._has_finished and self._address is not None else 0)
            self._driver = None


class DriverProcess:
    """The process, its socket, and the folder of the Ray that it starts."""

    def __init__(self, address: str | None, *, is_debugging: bool) -> None:
        shown = None if is_debugging else subprocess.DEVNULL  # Ray's C++ code writes there without a logger
        self._folder = None if address else Path(tempfile.mkdtemp(prefix="foreseen-ray-"))
        self._pipe, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and code of ours
                [sys.executable, "-c", _CODE, str(theirs.fileno()), *map(str, sys.path)],
                stdin=subprocess.PIPE,  # nothing is written to it; that it closes shows the end of this process
                stdout=shown,
                stderr=shown,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # to find every process that it starts, and to keep Ctrl-C from it
            )
        self.send(Order(address, self._folder, is_debugging))

    def send(self, message: object) -> None:
        """Send a message, or drop it if the driver has ended."""
        with suppress(OSError):  # it has ended, which `receive` reports
            self._pipe.send_bytes(packed(message))

    def receive(self) -> object:
        """Wait for a message, and return it; raise ClusterError if the driver ends instead."""
        try:
            while not self._pipe.poll(WAIT_S):
                if self._status() is not None and not self._pipe.poll(0):
                    raise EOFError
            return unpacked(self._pipe.recv_bytes())
        except (EOFError, OSError) as exc:
            raise ClusterError(f"Ray: expected a driver that runs until the end, got one that {self._how()}") from exc

    def end(self, *, patience_s: float) -> None:
        """End the process and all that it started, after waiting up to `patience_s` for it to disconnect."""
        with suppress(OSError):
            self._pipe.poll(patience_s)  # until its end of the socket closes
        self._pipe.close()
        end_session(self._process.pid)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _status(self) -> os.waitid_result | None:
        """Return how the process ended; None if it has not. It is not reaped, so that its id stays reserved."""
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
