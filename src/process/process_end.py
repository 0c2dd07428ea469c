"""Process end: ends a process without regard to its libraries' threads, as multiprocessing ends its own."""

import atexit
import ctypes
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

ERRORS_S: Final = 2.0
"""Seconds that an ending process waits for the reader of standard error."""


def end_process_after(work: Callable[[], int | None]) -> NoReturn:
    """Do the work of a process, which returns its exit code, and end it; report what it raises as Python would."""
    try:
        code = work() or 0
    except SystemExit as exc:
        code = _exit_code(exc)
    except BaseException:  # noqa: BLE001 - if Python handled it, Python would also end the process
        sys.excepthook(*sys.exc_info())
        code = 1
    end_process(code)


def _exit_code(exc: SystemExit) -> int:
    if exc.code is None or isinstance(exc.code, int):
        return exc.code or 0
    sys.stderr.write(f"{exc.code}\n")
    return 1


def end_process(code: int) -> NoReturn:
    """End this process as Python would, but without finalizing the interpreter; to be called in the main thread.

    Non-daemon threads are waited for, exit handlers run, and the standard streams are flushed. Then the process ends
    at once, with its daemon threads. Python would finalize the interpreter first, and end each of those threads at its
    next step in Python by unwinding its stack. C++ libraries do not survive that: where Arrow has called back into
    Python, its guard of the interpreter lock aborts the process ("Fatal Python error: PyGILState_Release"), and its
    thread pools cannot be waited for.

    Source:
        multiprocessing.process.BaseProcess._bootstrap and multiprocessing.popen_fork.Popen._launch in CPython, which
        call the same two private functions.
    """
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - see above
    atexit._run_exitfuncs()  # noqa: SLF001 - see above
    os._exit(code if _is_written() else code or 1)


def _is_written() -> bool:
    """Flush the standard streams, and return whether all that was printed has been written."""
    try:
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except OSError as exc:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"standard output: expected it to be written, got {(exc.strerror or str(exc)).lower()}\n")
        return False
    finally:
        # In a daemon thread: if nothing reads standard error any more, the process must end nevertheless.
        flushing = threading.Thread(target=_flush_the_rest, name="flush", daemon=True)
        with suppress(RuntimeError):  # no more threads can be started
            flushing.start()
            flushing.join(ERRORS_S)
    return True


def _flush_the_rest() -> None:
    """Flush standard error, and what libraries in C have printed: `exit` would flush it, `os._exit` does not."""
    with suppress(OSError, ValueError, AttributeError):  # it is closed, or was when Python started
        sys.stderr.flush()
    with suppress(OSError, AttributeError, TypeError):  # no C library with such a function
        ctypes.CDLL(None).fflush(None)
