"""Model failure: exceptions of a model's own code, distinguished from signals and described in one line."""

import signal
import threading
from typing import Final

from foreseen.domain.errors import TerminatedError

LONGEST: Final = 300
"""Characters of a message that are kept: a model may put all of its input into one."""


def is_interruption(exc: BaseException) -> bool:
    """Return whether a signal to this process raised it amid the model's code; anything else is the model's own.

    KeyboardInterrupt is what Ctrl-C raises on the main thread, where nothing else handles SIGINT.
    """
    if isinstance(exc, TerminatedError):
        return True
    is_main = threading.current_thread() is threading.main_thread()
    return isinstance(exc, KeyboardInterrupt) and is_main and signal.getsignal(signal.SIGINT) is _CTRL_C


def failure_text(exc: BaseException) -> str:
    """Return the type and message of an exception in one line, cut to a readable length."""
    message = message_text(exc)
    return f"{type(exc).__name__}: {message}" if message else type(exc).__name__


def message_text(exc: BaseException, *, is_first_line: bool = False) -> str:
    """Return the message of an exception in one line, cut to a readable length; nothing if it has none.

    Args:
        is_first_line: whether to return the first line alone.
    """
    try:
        text = str(exc)
    except Exception as failure:  # noqa: BLE001 - its __str__ is the model's code, too
        return f"its message cannot be shown ({type(failure).__name__})"
    lines = text.strip().splitlines()[:1] if is_first_line else [text]
    # Cut before it is split: a message may hold all of the model's input.
    line = " ".join(" ".join(lines)[: 4 * LONGEST].split())
    encodable = line.encode(errors="replace").decode()
    return encodable if len(encodable) <= LONGEST else encodable[: LONGEST - 1] + "…"


_CTRL_C: Final = signal.default_int_handler
