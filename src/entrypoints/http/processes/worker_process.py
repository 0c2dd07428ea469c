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
    """A process, what it says of itself, and when another is to take its place.

    Attributes:
        early: how many in its place have ended early, one after the other; itself included once it has.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], *, early: int, now_s: float) -> None:
        """Make one that is to be started now.

        Args:
            early: how many in its place have ended early before it, one after the other.
        """
        super().__init__(config, sockets)
        self.early = early
        self._started_s = now_s
        self._ready_s: float | None = None
        self._asked_s: float | None = None
        self._due_s: float | None = None
        self._reason = ""
        self._hears_signals = False

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve; in the process itself, which ends then, and sends its supervisor in one line why it cannot start."""
        signal.signal(signal.SIGHUP, _load_first)
        # uvicorn raises again what has stopped it: to the handler that was there before, which may be any.
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
        """Whether it serves, or did."""
        return self._ready_s is not None

    def look(self, now_s: float) -> None:
        """Read what the process has said, and ask it for more; note its end, and log it."""
        with suppress(OSError, EOFError, pickle.UnpicklingError):  # it was killed by us, or ended amid a message
            while self.parent_conn.poll():
                self._hear(self.parent_conn.recv(), now_s)
        if not self.process.is_alive():
            self._note_end(now_s)
        elif self._asked_s is None:
            self.parent_conn.send(b"ping")
            self._asked_s = now_s

    def hangs(self, now_s: float) -> bool:
        """Return whether it has taken too long to start or, since it serves, to answer."""
        if self._ready_s is None:
            return now_s > self._started_s + LOADING_S
        return self._asked_s is not None and now_s > self._asked_s + SILENT_S

    def is_due(self, now_s: float) -> bool:
        """Return whether it has ended and another is to take its place now."""
        return self._due_s is not None and now_s >= self._due_s

    def reload(self) -> None:
        """Have the process load the model as it is now; one that has ended is due."""
        if self._due_s is not None:
            self._due_s = 0.0
        # That it has ended is only found out by this look: until then its process id belongs to no other process.
        elif self._hears_signals and self.process.is_alive() and self.pid is not None:
            os.kill(self.pid, signal.SIGHUP)

    def _hear(self, said: Any, now_s: float) -> None:
        if isinstance(said, str):
            self._reason = said
            return
        self._asked_s = None
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
    """Outlive a request to reload: the model is still to be loaded, and is as it is then."""
