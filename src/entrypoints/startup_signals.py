"""Starting: what signals mean to a service that does not serve yet; nothing is imported here that would delay it."""

import os
import signal
from threading import Thread


class _Remembering:
    """Remembers that it was told to load the model anew: the one that loads may be of the file as it was before."""

    is_told = False

    def __call__(self, *_: object) -> None:
        self.is_told = True


def was_told_to_reload(handler: object) -> bool:
    """Tell whether that has come since, where a handler of SIGHUP is the one that remembers it."""
    return isinstance(handler, _Remembering) and handler.is_told


class Starting:
    """Exits with 0 at once when told to stop, since nothing is under way; remembers to be told to reload.

    By default both end a process by the signal, or do nothing at all where it is the first one of a container.
    """

    def __init__(self) -> None:
        """See to signals from now on; in the main thread."""
        # An exception would be caught by what loads the model, or lost where Python ignores them.
        signal.signal(signal.SIGTERM, _exit)
        signal.signal(signal.SIGHUP, _Remembering())
        # A handler runs when the main thread comes to it, which a model's module may keep in a call, or had just put
        # to sleep when the signal came.
        heard, self._told = os.pipe()
        os.set_blocking(self._told, False)
        self._before = signal.set_wakeup_fd(self._told, warn_on_full_buffer=False)
        Thread(target=_listen, args=(heard,), name="told to stop", daemon=True).start()

    def end(self) -> None:
        """Leave signals to the handlers that others have set by now."""
        signal.set_wakeup_fd(self._before)
        os.close(self._told)


def _exit(*_: object) -> None:
    os._exit(0)


def _listen(heard: int) -> None:
    while told := os.read(heard, 1):
        if told[0] == signal.SIGTERM and signal.getsignal(signal.SIGTERM) is _exit:
            os._exit(0)
    os.close(heard)
