"""How a scoring run is told to stop: once in good order, twice at once."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR: Final = "\x1b[?25h"
"""A progress bar hides it."""


class Stopping:
    """Whether a run should stop, asked between chunks.

    Attributes:
        signum: the signal that said so; 0 while none did.
        is_heeded: whether the run was told when it asked, and so did not come to its end.
    """

    def __init__(self) -> None:
        self.signum = 0
        self.is_heeded = False

    def __call__(self) -> bool:
        """Tell the run."""
        self.is_heeded = self.is_heeded or bool(self.signum)
        return self.is_heeded

    def hear(self, signum: int, _: Any) -> None:
        """Take a signal: the first one asks, the next one does not wait."""
        if self.signum:
            _say("stopped at once; --resume goes on with what was durable", f"{_SHOW_CURSOR}\n")
            os._exit(128 + signum)
        self.signum = signum
        _say("stopping when the rows under way are written; once more stops at once", "\n")


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
