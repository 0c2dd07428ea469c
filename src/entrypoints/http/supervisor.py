"""Supervisor: several processes on one port, each of which is started anew should it end."""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable
from threading import Event
from typing import Final

import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from foreseen.entrypoints.http.stopping import exit_at_once

log = logging.getLogger(__name__)

STARTUP_TIMEOUT_S: Final = 120.0
"""Seconds that a worker may take to load the model."""

ENDING_S: Final = 5.0
"""Seconds that a worker may take to end once nothing is under way; one that takes more hangs, and is killed."""


class Supervisor(Multiprocess):
    """Runs several processes on one port and starts each again should it end; says when the first ones have started."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, announce: Callable[[], None]) -> None:
        super().__init__(config, [listener])
        self._announce = announce
        self._told: set[signal.Signals] = set()
        self._beginning: dict[Process, float] = {}

    def init_processes(self) -> None:
        """Start the first ones, and say so once all serve."""
        super().init_processes()
        told = _ToldToStop(self.signal_queue)  # which nobody else looks at before all have started
        if all(process.wait_until_ready(STARTUP_TIMEOUT_S, told) for process in self.processes):
            self._announce()

    def keep_subprocess_alive(self) -> None:
        """Start those anew that have ended or hang, unless one is beginning: it says nothing before all is imported.

        uvicorn takes that for hanging after five seconds. On a busy machine none would ever come to its end.
        """
        if any(self._is_beginning(process) for process in self.processes):
            return
        before = self.processes[:]
        super().keep_subprocess_alive()
        self._beginning = {new: time.monotonic() for new in self.processes if new not in before}

    def _is_beginning(self, process: Process) -> bool:
        since = self._beginning.get(process)
        if since is None:
            return False
        has_begun = process.ping(timeout=0)  # of the answer to the look before
        if has_begun or time.monotonic() > since + STARTUP_TIMEOUT_S or not process.process.is_alive():
            del self._beginning[process]
        return process in self._beginning

    def terminate_all(self) -> None:
        """Close the port, and tell the workers to stop."""
        # Else who comes while the last requests are answered would be let in by the kernel, and reset in the end.
        for listener in self.sockets:
            listener.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait until the workers have ended, but not for ever."""
        limit = time.monotonic() + (self.config.timeout_graceful_shutdown or 0) + ENDING_S
        for process in (each.process for each in self.processes):
            process.join(max(0.0, limit - time.monotonic()))
            if process.is_alive():
                log.warning("worker %s does not end, and is killed", process.pid)
                process.kill()
                process.join()

    def handle_int(self) -> None:
        """Stop."""
        self._stop(signal.SIGINT, super().handle_int)

    def handle_term(self) -> None:
        """Stop."""
        self._stop(signal.SIGTERM, super().handle_term)

    def handle_hup(self) -> None:
        """Have each worker load the model anew, beside the one it has: its caches stay."""
        for process in self.processes:
            if process.pid is not None:
                os.kill(process.pid, signal.SIGHUP)

    def _stop(self, told: signal.Signals, stop: Callable[[], None]) -> None:
        """Stop, and exit when the same is told again; their models end with the workers."""
        # From here on nobody looks at the queue of signals any more.
        signal.signal(told, lambda *_: exit_at_once(told, self._kill_all))
        if told in self._told or told in self.signal_queue:  # it came again before
            exit_at_once(told, self._kill_all)
        self._told.add(told)
        stop()

    def _kill_all(self) -> None:
        for process in self.processes:
            process.process.kill()


class _ToldToStop(Event):
    """Set from when a signal to stop is in the queue."""

    def __init__(self, queue: list[int]) -> None:
        super().__init__()
        self._queue = queue

    def is_set(self) -> bool:
        return any(told in self._queue for told in (signal.SIGINT, signal.SIGTERM))
