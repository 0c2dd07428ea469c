"""Starting: what signals mean to a service that does not serve yet; nothing is imported here that would delay it."""

import os
import signal


class _Remembering:
    """Remembers that it was told to load the model anew: the one that loads may be of the file as it was before."""

    is_told = False

    def __call__(self, *_: object) -> None:
        self.is_told = True


def see_to_signals() -> None:
    """Exit with 0 at once when told to stop, since nothing is under way; remember to be told to reload.

    By default both end a process by the signal, or do nothing at all where it is the first one of a container.
    """
    # An exception would be caught by what loads the model, or lost where Python ignores them.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGHUP, _Remembering())


def was_told_to_reload() -> bool:
    """Tell whether that has come since, and nobody else has seen to it."""
    handler = signal.getsignal(signal.SIGHUP)
    return isinstance(handler, _Remembering) and handler.is_told
