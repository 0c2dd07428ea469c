"""Signals that stop a scoring run: the first after the rows in progress, the second at once."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from foreseen.domain.errors import TerminatedError

SAME_S: Final = 0.3
"""Seconds within which another SIGTERM counts as the same: supervisors send it to a process and to its group."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR: Final = "\x1b[?25h"
"""A progress bar hides it."""


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
    """Whether a run should stop, called between chunks.

    Attributes:
        signum: the signal received; 0 before.
        is_heeded: whether a call has returned True, so the run did not come to its end.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.signum = 0
        self.is_heeded = False
        self._first = _FirstSignal(clock)

    def __call__(self) -> bool:
        """Return whether to stop now."""
        self.is_heeded = self.is_heeded or bool(self.signum)
        return self.is_heeded

    def hear(self, signum: int, _: Any) -> None:
        """Handle a signal: stop after the rows in progress on the first one, and exit at once on another."""
        if self._first.is_first():
            self.signum = signum
            _write("stopping when the rows under way are written; once more stops at once", "\n")
        elif self._first.is_another(signum):
            _write("stopped at once; --resume continues from what was durable", f"{_SHOW_CURSOR}\n")
            os._exit(128 + signum)


class Leaving:
    """A handler of SIGTERM that ends the process as Ctrl-C does, leaving no unfinished file; a second one at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._first = _FirstSignal(clock)

    def __call__(self, signum: int, _: Any) -> None:
        """Raise TerminatedError on the main thread; on another signal exit at once."""
        if self._first.is_first():
            raise TerminatedError(128 + signum)
        if self._first.is_another(signum):
            os._exit(128 + signum)


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Handle Ctrl-C and SIGTERM until the block ends, and yield whether to stop."""
    stop = Stopping()
    before = [(each, signal.signal(each, stop.hear)) for each in _SIGNALS]
    try:
        yield stop
    finally:
        for each, handler in before:
            signal.signal(each, handler)


def _write(said: str, before: str) -> None:
    """Write a line to a terminal, bypassing the buffers, which the signal may have interrupted."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), f"{before}foreseen: {said}\n".encode())
