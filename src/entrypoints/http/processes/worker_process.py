"""Worker: one process that serves, as its supervisor holds it."""

import logging
import os
import pickle
import signal
import socket
from contextlib import suppress
from typing import Any, Final

import uvicorn
from uvicorn.supervisors.multiprocess import Process

from foreseen.domain.errors import ForeseenError
from foreseen.domain.process_end import end_process
from foreseen.domain.restart_delay import early_ends, pause_s
from foreseen.entrypoints.http.service.model_reload import LIMIT_S as LOADING_S

log = logging.getLogger(__name__)

SILENT_S: Final = 5.0
"""Seconds without an answer after which a worker that served hangs."""

CANNOT_START: Final = 4
"""Exit code of a worker that has sent its supervisor the reason."""

_LONGEST_REASON: Final = 2_000
"""Characters of a reason: it goes over in one write, which is whole even if the worker is killed after it."""


class Worker(Process):
    """A worker process, the state it reports, and when another is to replace it.

    Attributes:
        early: consecutive workers in its place that have ended early, including itself once it has.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], *, early: int, now_s: float) -> None:
        """Prepare a worker to be started now.

        Args:
            early: consecutive workers in its place that ended early before it.
        """
        super().__init__(config, sockets)
        self.early = early
        self._started_s = now_s
        self._ready_s: float | None = None
        self._pinged_s: float | None = None
        self._due_s: float | None = None
        self._reason = ""
        self._hears_signals = False

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, in the process itself, and exit; if it cannot start, send the reason to the supervisor."""
        signal.signal(signal.SIGHUP, _load_first)
        # uvicorn raises the signal that stopped it again, for the handler that was set before, which may be any.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.default_int_handler)
        try:
            super().target(sockets)
        except KeyboardInterrupt:  # uvicorn has shut down, and raises the signal again
            end_process(0)
        except (ForeseenError, OSError) as exc:
            log.debug("the worker cannot start", exc_info=True)
            self.child_conn.send(" ".join(str(exc).split())[:_LONGEST_REASON])
            end_process(CANNOT_START)
        end_process(0)

    @property
    def has_served(self) -> bool:
        """Whether it serves or has served."""
        return self._ready_s is not None

    def look(self, now_s: float) -> None:
        """Read the messages of the process and ping it; if it has ended, record and log that."""
        with suppress(OSError, EOFError, pickle.UnpicklingError):  # we killed it, or it ended amid a message
            while self.parent_conn.poll():
                self._hear(self.parent_conn.recv(), now_s)
        if not self.process.is_alive():
            self._note_end(now_s)
        elif self._pinged_s is None:
            self.parent_conn.send(b"ping")
            self._pinged_s = now_s

    def hangs(self, now_s: float) -> bool:
        """Return whether it takes too long to start or, once it serves, to answer a ping."""
        if self._ready_s is None:
            return now_s > self._started_s + LOADING_S
        return self._pinged_s is not None and now_s > self._pinged_s + SILENT_S

    def is_due(self, now_s: float) -> bool:
        """Return whether it has ended and is to be replaced now."""
        return self._due_s is not None and now_s >= self._due_s

    def reload(self) -> None:
        """Have the process reload the model; one that has ended becomes due."""
        if self._due_s is not None:
            self._due_s = 0.0
        # That it has ended is only found out by this look: until then its process id belongs to no other process.
        elif self._hears_signals and self.process.is_alive() and self.pid is not None:
            os.kill(self.pid, signal.SIGHUP)

    def _hear(self, said: Any, now_s: float) -> None:
        if isinstance(said, str):
            self._reason = said
            return
        self._pinged_s = None
        self._hears_signals = True
        if said and self._ready_s is None:
            self._ready_s = now_s

    def _note_end(self, now_s: float) -> None:
        if self._due_s is not None:
            return
        self.early = early_ends(self.early, None if self._ready_s is None else now_s - self._ready_s)
        pause = pause_s(self.early)
        self._due_s = now_s + pause
        log.error("worker %s %s; another one starts%s", self.pid, self._ending(), f" in {pause:g} s" if pause else "")

    def _ending(self) -> str:
        if self._reason:
            return f"cannot start: {self._reason}"
        code = self.exitcode or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return how if self.has_served else f"{how} before it served"


def _load_first(*_: object) -> None:
    """Ignore a reload request while the first model loads, since that will be the current file."""
