"""Signal handlers: the one module that installs them, for every process of ours. It imports little, to be early."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final, NamedTuple, TypeAlias

Handler: TypeAlias = Callable[[int, FrameType | None], object]
Handlers: TypeAlias = Mapping[signal.Signals, Handler | int | None]
"""What handled each signal before: a function, SIG_DFL or SIG_IGN, or None for what was not installed from Python."""


class Role(NamedTuple):
    """The signals that a kind of process handles.

    Attributes:
        keeps_ignored: whether a signal that was ignored when the process started stays so, such as SIGHUP under nohup.
    """

    signals: tuple[signal.Signals, ...]
    keeps_ignored: bool = False


COMMAND: Final = Role((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), keeps_ignored=True)
"""A command, from its start."""

RUN: Final = Role((signal.SIGINT, signal.SIGTERM))
"""A scoring run, which ends at a row from which another can resume. It does not end with its terminal."""

LOADING_SERVICE: Final = Role((signal.SIGTERM, signal.SIGHUP))
"""A service that loads its model. Ctrl-C ends it as it ends any command."""

SERVICE: Final = Role((signal.SIGINT, signal.SIGTERM))
"""A service, or a worker of one, that answers requests: both signals drain it."""

RELOADING_SERVICE: Final = Role((signal.SIGHUP,))
"""A service that reloads its model on SIGHUP."""

SUPERVISOR: Final = Role((signal.SIGINT, signal.SIGTERM))
"""A supervisor of workers that has been stopped; until then uvicorn handles its signals."""

CHILD: Final = Role((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
"""A process that ends with its parent, and not by signals that its whole process group or service receives."""


def handle(role: Role, handler: Handler, *, only: int | None = None) -> Handlers:
    """Install a handler for the signals of a role, in the main thread, and return the previous handlers.

    Args:
        only: the one signal of the role to handle; None for all of them.
    """
    return {each: signal.signal(each, handler) for each in _handled(role) if only is None or each == only}


@contextmanager
def handled(role: Role, handler: Handler) -> Iterator[None]:
    """Install a handler until the block ends, in the main thread."""
    before = handle(role, handler)
    try:
        yield
    finally:
        restore(before)


def restore(handlers: Handlers) -> None:
    """Install previous handlers again."""
    for each, handler in handlers.items():
        signal.signal(each, handler)


def ignore(signals: Iterable[signal.Signals]) -> None:
    """Ignore signals from now on; processes that this one starts inherit that."""
    for each in signals:
        signal.signal(each, signal.SIG_IGN)


def _do_nothing(*_: object) -> None:
    pass


def raise_once(role: Role, error: BaseException, *, later: Handler = _do_nothing) -> None:
    """Raise an error on the first signal of a role; later ones call `later`, by default without effect.

    An error that a second signal raised would meet an event loop or an interpreter that is closing, and break that.
    """

    def first(*_: object) -> None:
        handle(role, later)
        raise error

    handle(role, first)


def leave_signals_to_parent() -> None:
    """Survive the signals of CHILD from now on: the parent may wait for an answer.

    The handler does nothing; a signal that is ignored instead would be ignored by processes that this one starts.
    """
    handle(CHILD, _do_nothing)


def _handled(role: Role) -> list[signal.Signals]:
    return [each for each in role.signals if not (role.keeps_ignored and signal.getsignal(each) is signal.SIG_IGN)]


class SignalThread:
    """Calls a function with each signal on a thread of its own.

    Python calls handlers in the main thread alone, which may be in a long call of a library, or may have gone to sleep
    just before the signal came.
    """

    def __init__(self, receive: Callable[[int], None]) -> None:
        """Call `receive` from now on, for signals that have a handler; in the main thread."""
        from threading import Thread  # noqa: PLC0415 - a command, without this thread, handles signals 0.7 ms sooner

        received, self._wakeup = os.pipe()
        os.set_blocking(self._wakeup, False)
        self._before = signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        Thread(target=_listen, args=(received, receive), name="signals", daemon=True).start()

    def end(self) -> None:
        """Stop calling `receive`, and restore the previous wake-up descriptor."""
        signal.set_wakeup_fd(self._before)
        os.close(self._wakeup)


def _listen(received: int, receive: Callable[[int], None]) -> None:
    while signum := os.read(received, 1):
        receive(signum[0])
    os.close(received)
