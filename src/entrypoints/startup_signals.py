"""Starting: signals to a service that does not serve yet. It imports little, to handle them early."""

import os
import signal

from foreseen.process.signal_handlers import LOADING_SERVICE, SignalThread, handle, restore


class RememberedReload:
    """Remembers a request to reload: the model that is loading may be that of an older file."""

    was_called = False

    def __call__(self, *_: object) -> None:
        """Remember it, as a handler of a signal."""
        self.was_called = True


def reload_was_requested(handler: object) -> bool:
    """Return whether a handler of SIGHUP was set by `Starting` and has been called."""
    return isinstance(handler, RememberedReload) and handler.was_called


class Starting:
    """Exits with 0 at once on SIGTERM, since no request is in progress; remembers SIGHUP, a request to reload.

    By default both kill a process, or do nothing if it is the first one of a container.
    """

    def __init__(self) -> None:
        """Handle signals from now on; must be called on the main thread."""
        # An exception could be caught by the code that loads the model, or lost where Python ignores exceptions.
        self._before = handle(LOADING_SERVICE, _exit, only=signal.SIGTERM)
        handle(LOADING_SERVICE, RememberedReload(), only=signal.SIGHUP)
        self._thread = SignalThread(_exit_if_starting)

    def end(self) -> None:
        """Leave signals to the handlers that were installed meanwhile."""
        self._thread.end()

    def end_as_before(self) -> None:
        """Restore the previous handler of SIGTERM, and keep that of SIGHUP for `reload_was_requested`."""
        restore(self._before)
        self.end()


def _exit(*_: object) -> None:
    os._exit(0)


def _exit_if_starting(signum: int) -> None:
    if signum == signal.SIGTERM and signal.getsignal(signal.SIGTERM) is _exit:
        os._exit(0)
