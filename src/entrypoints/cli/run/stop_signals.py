"""How a scoring run is told to stop: once in good order, twice at once."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from foreseen.domain.errors import TerminatedError

SAME_S: Final = 0.3
"""Seconds within which a SIGTERM is the one before it again: supervisors send it to a process and to its group."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR: Final = "\x1b[?25h"
"""A progress bar hides it."""


class _Heard:
    """When the first signal came."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._first_s: float | None = None

    def is_first(self) -> bool:
        """Note a signal, and return whether it is the first."""
        if self._first_s is None:
            self._first_s = self._clock()
            return True
        return False

    def is_another(self, signum: int) -> bool:
        """Return whether a signal that is not the first was meant as another one, as each Ctrl-C is."""
        return signum == signal.SIGINT or self._clock() > (self._first_s or 0.0) + SAME_S


class Stopping:
    """Whether a run should stop, asked between chunks.

    Attributes:
        signum: the signal that said so; 0 while none did.
        is_heeded: whether the run was told when it asked, and so did not come to its end.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.signum = 0
        self.is_heeded = False
        self._heard = _Heard(clock)

    def __call__(self) -> bool:
        """Tell the run."""
        self.is_heeded = self.is_heeded or bool(self.signum)
        return self.is_heeded

    def hear(self, signum: int, _: Any) -> None:
        """Accept a signal: on the first the run stops in good order, on another one at once."""
        if self._heard.is_first():
            self.signum = signum
            _say("stopping when the rows under way are written; once more stops at once", "\n")
        elif self._heard.is_another(signum):
            _say("stopped at once; --resume goes on with what was durable", f"{_SHOW_CURSOR}\n")
            os._exit(128 + signum)


class Leaving:
    """A handler of SIGTERM that ends the process as Ctrl-C does, so that no unfinished file is left; twice at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._heard = _Heard(clock)

    def __call__(self, signum: int, _: Any) -> None:
        """Raise TerminatedError on the main thread; while that ends, another signal waits for nothing."""
        if self._heard.is_first():
            raise TerminatedError(128 + signum)
        if self._heard.is_another(signum):
            os._exit(128 + signum)


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Hear Ctrl-C and SIGTERM until the block ends."""
    stop = Stopping()
    before = [(each, signal.signal(each, stop.hear)) for each in _SIGNALS]
    try:
        yield stop
    finally:
        for each, handler in before:
            signal.signal(each, handler)


def _say(said: str, before: str) -> None:
    """Tell a person; past the buffers, which the signal may have interrupted."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), f"{before}foreseen: {said}\n".encode())
