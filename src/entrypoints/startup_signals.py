"""Starting: signals to a service that does not serve yet; no import here may delay it."""

import os
import signal
from threading import Thread


class _Remembering:
    """Remembers a request to reload: the model that is loading may be that of an older file."""

    was_called = False

    def __call__(self, *_: object) -> None:
        self.was_called = True


def reload_was_requested(handler: object) -> bool:
    """Return whether a handler of SIGHUP was set by `Starting` and has been called."""
    return isinstance(handler, _Remembering) and handler.was_called


class Starting:
    """Exits with 0 at once on SIGTERM, since no request is in progress; remembers SIGHUP, a request to reload.

    By default both kill a process, or do nothing if it is the first one of a container.
    """

    def __init__(self) -> None:
        """Handle signals from now on; must be called on the main thread."""
        # An exception could be caught by the code that loads the model, or lost where Python ignores exceptions.
        signal.signal(signal.SIGTERM, _exit)
        signal.signal(signal.SIGHUP, _Remembering())
        # A handler runs only when the main thread gets to it, which may be in a long call of a model's module, or may
        # have just gone to sleep when the signal came.
        received, self._wakeup = os.pipe()
        os.set_blocking(self._wakeup, False)
        self._before = signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        Thread(target=_listen, args=(received,), name="stop signals", daemon=True).start()

    def end(self) -> None:
        """Leave signals to the handlers that have been set meanwhile."""
        signal.set_wakeup_fd(self._before)
        os.close(self._wakeup)


def _exit(*_: object) -> None:
    os._exit(0)


def _listen(received: int) -> None:
    while signum := os.read(received, 1):
        if signum[0] == signal.SIGTERM and signal.getsignal(signal.SIGTERM) is _exit:
            os._exit(0)
    os.close(received)
