"""Signals while a command imports its modules: they end it with one line on standard error, as they do later."""

import os
import signal
import sys
import time
from contextlib import suppress

# Nothing slow is imported here: until then, a signal kills the process without that line.
from foreseen.entrypoints.log_format import json_is_chosen
from foreseen.process.signal_handlers import COMMAND, handle


def handle_early_signals() -> None:
    """Let signals end the process with a line and their exit code, until a command installs its own handlers.

    To be called in the main thread. Signals that were ignored at start, as under nohup, stay ignored. A worker of a
    service starts with the same module, and is ended by its supervisor.
    """
    handler = _end_if_terminated if "--multiprocessing-fork" in sys.orig_argv else _end
    handle(COMMAND, handler)


def leave_interrupts_to_commands() -> None:
    """Raise KeyboardInterrupt on Ctrl-C from now on, by which commands end what they have under way."""
    if signal.getsignal(signal.SIGINT) is _end:
        handle(COMMAND, signal.default_int_handler, only=signal.SIGINT)


def _end_if_terminated(signum: int, _: object) -> None:
    """End quietly on SIGTERM, which a supervisor sends after a Ctrl-C that reached its workers as well."""
    if signum == signal.SIGTERM:
        os._exit(0)


def _end(signum: int, _: object) -> None:
    """Exit at once: there is nothing to clean up, and modules that are half imported could not do it."""
    with suppress(OSError):  # the terminal has been closed
        os.write(2, _line())
    os._exit(128 + signum)


def _line() -> bytes:
    """Return the line, in the format of the log; without an import, since the signal may have interrupted it."""
    if not json_is_chosen():
        return b"foreseen: interrupted\n"
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    now = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds // 1000:06}Z"
    line = f'{{"event": "interrupted", "level": "error", "logger": "foreseen", "timestamp": "{now}"}}\n'
    return line.encode()
