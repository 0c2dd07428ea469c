"""Worker: one serving process, as seen by its supervisor."""

import logging
import os
import pickle
import signal
import socket
from contextlib import suppress
from typing import Final

import uvicorn
from uvicorn.supervisors.multiprocess import Process

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.http.service.model_reload import LIMIT_S as LOADING_S
from foreseen.process.process_end import end_process
from foreseen.process.restart_delay import early_ends, pause_s
from foreseen.process.signal_handlers import RELOADING_SERVICE, SERVICE, handle, raise_once

log = logging.getLogger(__name__)

SILENT_S: Final = 5.0
"""Seconds without an answer to a ping after which a worker that serves is considered to hang."""

CANNOT_START: Final = 4
"""Exit code of a worker that could not start and has sent its supervisor the reason."""

_LONGEST_REASON: Final = 2_000
"""Most characters of a reason, so that it is sent in one write, which arrives whole even if the worker is killed."""


class Worker(Process):
    """A worker process, the state that it reports, and when it is to be replaced.

    Attributes:
        early: consecutive workers in its place that ended early, including itself once it has.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], *, early: int, now_s: float) -> None:
        """Prepare a worker that will be started now.

        Args:
            early: consecutive workers in its place that ended early before it.
            now_s: the current time, in seconds of the supervisor's clock.
        """
        super().__init__(config, sockets)
        self.early = early
        self._started_s = now_s
        self._ready_s: float | None = None
        self._pinged_s: float | None = None
        self._due_s: float | None = None
        self._reason = ""
        self._handles_signals = False
        self._is_to_reload = False

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve and exit, in the worker's process; if it cannot start, send the supervisor the reason."""
        handle(RELOADING_SERVICE, _load_first)
        # uvicorn raises the signal that stopped it once more, for the previous handler, which must be a known one.
        # Another may follow: Ctrl-C reaches a worker from the terminal, and then SIGTERM from its supervisor.
        raise_once(SERVICE, KeyboardInterrupt())
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
        """Whether the worker serves, or has served before its end."""
        return self._ready_s is not None

    def look(self, now_s: float) -> None:
        """Read the messages of the process and ping it; if it has ended, record and log that."""
        with suppress(OSError, EOFError, pickle.UnpicklingError):  # it ended, perhaps within a message
            while self.parent_conn.poll():
                self._receive(self.parent_conn.recv(), now_s)
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
        """Return whether the worker has ended and is to be replaced now."""
        return self._due_s is not None and now_s >= self._due_s

    def reload(self) -> None:
        """Make the process reload the model once it handles signals; if it has ended, it is to be replaced at once."""
        if self._due_s is not None:
            self._due_s = 0.0
        else:
            self._is_to_reload = True
            self._request_reload()

    def _request_reload(self) -> None:
        # `is_alive` reaps a process that has ended. Before that, no other process can get its id.
        if self._is_to_reload and self._handles_signals and self.process.is_alive() and self.pid is not None:
            self._is_to_reload = False
            os.kill(self.pid, signal.SIGHUP)

    def _receive(self, said: object, now_s: float) -> None:
        if isinstance(said, str):
            self._reason = said
            return
        self._pinged_s = None
        self._handles_signals = True
        self._request_reload()
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
    """Ignore a reload request while the first model loads, which is from the current file anyway."""
