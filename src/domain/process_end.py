"""Process end: a process ends past the threads of its libraries, as multiprocessing ends its own."""

import atexit
import ctypes
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

ERRORS_S: Final = 2.0
"""Seconds for what is left of standard error to be written when a process ends."""


def end_process_after(work: Callable[[], int | None]) -> NoReturn:
    """Do the work of a process, which returns its exit code, and end it; report what it raises as Python would."""
    try:
        code = work() or 0
    except SystemExit as exc:
        code = _exit_code(exc)
    except BaseException:  # noqa: BLE001 - left to Python it would be Python that ends the process
        sys.excepthook(*sys.exc_info())
        code = 1
    end_process(code)


def _exit_code(exc: SystemExit) -> int:
    if exc.code is None or isinstance(exc.code, int):
        return exc.code or 0
    sys.stderr.write(f"{exc.code}\n")
    return 1


def end_process(code: int) -> NoReturn:
    """End this process as Python would, but for taking down the interpreter; in the main thread.

    What a program relies on is done: threads that are no daemons are waited for, exit handlers run, and the standard
    streams are flushed. Then the process ends at once, with the threads that are left. Python would take down the
    interpreter before, and end each of those at its next step in Python by unwinding its stack. Libraries in C++ do not
    survive that: where Arrow has called back into Python, its guard of the interpreter lock aborts the process
    ("Fatal Python error: PyGILState_Release"), and its pools of threads cannot be waited for.

    Source:
        multiprocessing.process.BaseProcess._bootstrap and multiprocessing.popen_fork.Popen._launch in CPython, from
        which the two functions without a public name are.
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
        # A reader that has stopped does not keep the process: it ends with this thread, whatever that waits for.
        flushing = threading.Thread(target=_flush_the_rest, name="flush", daemon=True)
        with suppress(RuntimeError):  # no room for one more thread
            flushing.start()
            flushing.join(ERRORS_S)
    return True


def _flush_the_rest() -> None:
    """Flush standard error, and what libraries in C have printed: `exit` would flush it, `os._exit` does not."""
    with suppress(OSError, ValueError, AttributeError):  # it is closed, or was when Python started
        sys.stderr.flush()
    with suppress(OSError, AttributeError, TypeError):  # no C library to be found by that name
        ctypes.CDLL(None).fflush(None)
