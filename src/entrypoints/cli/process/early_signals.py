"""The first moments of a command, in which its modules are imported: a signal then ends it with a line as later."""

import os
import signal
import sys
from contextlib import suppress
from typing import Final

# Nothing else is imported here: what comes before this hears nothing.

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hear_signals() -> None:
    """End with a line and the exit code of the signal, until a command has handlers of its own; in the main thread.

    What the process was started to ignore, as under nohup, it still does. A worker of a service, which is started in
    the same way, ends as its supervisor has it.
    """
    handler = _leave_it_to_the_supervisor if "--multiprocessing-fork" in sys.orig_argv else _end
    for each in _SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, handler)


def leave_interrupts_to_commands() -> None:
    """Raise KeyboardInterrupt on Ctrl-C from now on: commands end what they have under way by that."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave_it_to_the_supervisor(signum: int, _: object) -> None:
    """End quietly when it says so; what a terminal sends to all of them, it hears as well, and says so then."""
    if signum == signal.SIGTERM:
        os._exit(0)


def _end(signum: int, _: object) -> None:
    """End at once: nothing is under way, and modules that are half imported clean nothing up."""
    with suppress(OSError):  # the terminal is gone, as after a hang-up
        os.write(2, _line())
    os._exit(128 + signum)


def _line() -> bytes:
    try:
        from foreseen.entrypoints.operator_lines import text_of  # noqa: PLC0415 - as above

        return f"{text_of('interrupted')}\n".encode()
    except (ImportError, NameError):  # it is half imported, which the signal has interrupted
        return b"foreseen: interrupted\n"
