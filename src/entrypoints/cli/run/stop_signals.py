"""Signals that stop a scoring run: the first after the rows in progress, the second at once."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from foreseen.domain.errors import TerminatedError
from foreseen.process.signal_handlers import RUN, handle, handled

SAME_S: Final = 0.3
"""Seconds within which another SIGTERM counts as the same: supervisors send it to a process and to its group."""

_SHOW_CURSOR: Final = "\x1b[?25h"
"""Shows the cursor again, which a progress bar hides."""


class _FirstSignal:
    """The time of the first signal."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._first_s: float | None = None

    def is_first(self) -> bool:
        """Record a signal, and return whether it is the first."""
        if self._first_s is None:
            self._first_s = self._clock()
            return True
        return False

    def is_another(self, signum: int) -> bool:
        """Return whether a later signal is a second request to stop, as each Ctrl-C is."""
        return signum == signal.SIGINT or self._clock() > (self._first_s or 0.0) + SAME_S


class Stopping:
    """Decides whether a run should stop; called between chunks.

    Attributes:
        signum: the first signal; 0 while there was none.
        is_heeded: whether a call has returned True, so that the run stopped before its end.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.signum = 0
        self.is_heeded = False
        self._first = _FirstSignal(clock)

    def __call__(self) -> bool:
        """Return whether there was a signal, so that the run should stop."""
        self.is_heeded = self.is_heeded or bool(self.signum)
        return self.is_heeded

    def receive(self, signum: int, _: object) -> None:
        """Handle a signal: stop after the rows under way on the first one, and exit at once on another."""
        if self._first.is_first():
            self.signum = signum
            _write("stopping when the rows under way are written; a second signal stops at once", "\n")
        elif self._first.is_another(signum):
            _write("stopped at once; --resume continues from what is on disk", f"{_SHOW_CURSOR}\n")
            os._exit(128 + signum)


class Leaving:
    """A handler that ends the process on SIGTERM as Ctrl-C does, leaving no unfinished file."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._first = _FirstSignal(clock)

    def __call__(self, signum: int, _: object) -> None:
        """Raise TerminatedError on the first signal; exit at once on another."""
        if self._first.is_first():
            raise TerminatedError(128 + signum)
        if self._first.is_another(signum):
            os._exit(128 + signum)


def leave_on_sigterm() -> None:
    """End this process on SIGTERM as Ctrl-C does, from now on."""
    handle(RUN, Leaving(), only=signal.SIGTERM)


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Handle Ctrl-C and SIGTERM until the block ends; yield what decides whether to stop."""
    stop = Stopping()
    with handled(RUN, stop.receive):
        yield stop


def _write(said: str, before: str) -> None:
    """Write a line to a terminal, bypassing the buffers, which the signal may have interrupted."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), f"{before}foreseen: {said}\n".encode())
