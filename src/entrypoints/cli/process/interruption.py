"""Interruption: Ctrl-C, SIGTERM and a hang-up end a run by an exception, once, wherever it is."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from foreseen.domain.errors import TerminatedError

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class InterruptedRunError(TerminatedError):
    """A signal ends a run; the exit code says which."""

    def __init__(self, signum: int) -> None:
        super().__init__("interrupted")
        self.code: int = 128 + signum


class Interruption:
    """The first signal raises InterruptedRunError in the main thread; those that follow find the run about to end.

    Attributes:
        signum: the first signal; 0 while there was none.
    """

    def __init__(self) -> None:
        self.signum = 0
        self._is_held_back = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear signals until the block ends, but those that the process was started to ignore.

        Whatever fails after a signal fails for it: a model that was broken off, a terminal that is gone.
        """
        heard = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
        before = [(each, signal.signal(each, self._hear)) for each in heard]
        try:
            yield
        except InterruptedRunError:
            raise
        except BaseException as exc:
            if not self.signum:
                raise
            ended = InterruptedRunError(self.signum)
            for note in getattr(exc, "__notes__", ()):
                ended.add_note(note)
            raise ended from exc
        finally:
            # After a signal the process is ending: another one must not change how, not even while Python exits.
            for each, handler in before:
                signal.signal(each, signal.SIG_IGN if self.signum else handler)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Delay a signal that comes during the block, and raise for it when the block ends."""
        before, self._is_held_back = self._is_held_back, True
        had = self.signum
        try:
            yield
        finally:
            self._is_held_back = before
        if self.signum != had:
            self.check()

    def check(self) -> None:
        """Raise InterruptedRunError if there was a signal, which code of the user's own may have caught."""
        if self.signum:
            raise InterruptedRunError(self.signum)

    def _hear(self, signum: int, _: Any) -> None:
        if self.signum:
            return
        self.signum = signum
        if not self._is_held_back:
            self.check()


@contextmanager
def heard_if(is_wanted: bool) -> Iterator[Interruption | None]:
    """Hear signals from now on, where that is wanted."""
    if not is_wanted:
        yield None
        return
    interruption = Interruption()
    with interruption.heard():
        yield interruption
