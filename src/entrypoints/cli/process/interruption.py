"""Interruption: Ctrl-C, SIGTERM and SIGHUP end a run by an exception, raised once."""

from collections.abc import Iterator
from contextlib import contextmanager

from foreseen.domain.errors import TerminatedError
from foreseen.process.signal_handlers import COMMAND, handle, ignore, restore


class InterruptedRunError(TerminatedError):
    """A signal ends a run; the exit code says which."""

    def __init__(self, signum: int) -> None:
        super().__init__("interrupted")
        self.code: int = 128 + signum


class Interruption:
    """Raises InterruptedRunError in the main thread on the first signal, and ignores later ones.

    Attributes:
        signum: the first signal; 0 while there was none.
    """

    def __init__(self) -> None:
        self.signum = 0
        self._is_held_back = False

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Handle signals until the block ends, except those that were ignored when the process started.

        Any error after a signal becomes InterruptedRunError, since the signal caused it: the model was stopped, or the
        terminal closed.
        """
        before = handle(COMMAND, self._receive)
        try:
            yield
        except InterruptedRunError:
            raise
        except BaseException as exc:
            if not self.signum:
                raise
            ended = InterruptedRunError(self.signum)
            for note in _notes(exc):
                ended.add_note(note)
            raise ended from exc
        finally:
            # After a signal the process is ending: another signal must not change that, not even while Python exits.
            if self.signum:
                ignore(before)
            else:
                restore(before)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Delay a signal that comes during the block: raise InterruptedRunError when the block ends."""
        before, self._is_held_back = self._is_held_back, True
        had = self.signum
        try:
            yield
        finally:
            self._is_held_back = before
        if self.signum != had:
            self.check()

    def check(self) -> None:
        """Raise InterruptedRunError if there was a signal: the model's code may have caught the first exception."""
        if self.signum:
            raise InterruptedRunError(self.signum)

    def _receive(self, signum: int, _: object) -> None:
        if self.signum:
            return
        self.signum = signum
        if not self._is_held_back:
            self.check()


def _notes(exc: BaseException | None) -> Iterator[str]:
    """Yield the notes of an exception and of those before it: one may have been raised while another tidied up."""
    while exc is not None:
        yield from getattr(exc, "__notes__", ())
        exc = exc.__cause__ or exc.__context__


@contextmanager
def interruption_if(is_wanted: bool) -> Iterator[Interruption | None]:
    """Yield an interruption that handles signals until the block ends; None if it is not wanted."""
    if not is_wanted:
        yield None
        return
    interruption = Interruption()
    with interruption.handled():
        yield interruption
