"""Exit codes, and one line on standard error in place of a traceback."""

import os
import sys
from collections.abc import Callable, Mapping
from traceback import walk_tb
from typing import Final

import typer

from foreseen.domain.errors import (
    CacheError,
    DeadlineExceededError,
    ForeseenError,
    InvalidBatchError,
    ModelUnavailableError,
    NotCachedError,
    OverloadedError,
    PredictionError,
    TableError,
    TerminatedError,
)
from foreseen.domain.model.model_failure import failure_text
from foreseen.entrypoints.cli.process.interruption import InterruptedRunError
from foreseen.entrypoints.listening_port import PortError
from foreseen.entrypoints.operator_lines import write_line
from foreseen.entrypoints.ray.cluster_errors import ClusterError
from foreseen.settings import SettingsError

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
SOME_REJECTED: Final = 3
INTERRUPTED: Final = 130


class SignalledError(Exception):
    """A signal ended the command after the rows in progress."""

    def __init__(self, said: str, signum: int) -> None:
        """Accept the message, and the signal, which sets the exit code."""
        super().__init__(said)
        self.code = 128 + signum


EXIT_CODES: Final[Mapping[type[ForeseenError], int]] = {
    SettingsError: USAGE,
    CacheError: FAILED,
    ClusterError: FAILED,
    DeadlineExceededError: FAILED,
    InvalidBatchError: FAILED,
    ModelUnavailableError: FAILED,
    NotCachedError: FAILED,
    OverloadedError: FAILED,
    PortError: FAILED,
    PredictionError: FAILED,
    TableError: FAILED,
}
"""The exit code of each error."""


def exit_code(exc: ForeseenError) -> int:
    """Return the exit code of an error: that of its class or a base class, FAILED for any other."""
    return next((code for known, code in EXIT_CODES.items() if isinstance(exc, known)), FAILED)


def run(command: Callable[[], object]) -> int:
    """Run a command and return its exit code; an error is reported in one line on standard error."""
    try:
        code = command()
    except ForeseenError as exc:
        if hasattr(exc, "__notes__"):
            write_line(worded(exc), error=type(exc).__name__, notes=exc.__notes__)
        else:
            write_line(worded(exc), error=type(exc).__name__)
        return exit_code(exc)
    except ImportError as exc:
        library = _failing_library(exc)
        if library is None:
            raise
        said = f"expected {library} to be importable, got {exc}; install compatible versions of it and its dependencies"
        write_line(_in_one_line(said))
        return FAILED
    except SignalledError as exc:
        write_line(worded(exc))
        return exc.code
    except InterruptedRunError as exc:
        _write_last_line(worded(exc))
        return exc.code
    except TerminatedError as exc:
        _write_last_line(worded(exc))
        return exc.code if isinstance(exc.code, int) else FAILED
    except typer.TyperException as exc:  # an unknown flag, a missing argument
        if said := exc.format_message():  # empty if no command was named, for which the help was shown
            write_line(_in_one_line(said), error=SettingsError.__name__)
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output has closed it; Python's own flush at exit must not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if code == INTERRUPTED:  # Typer returns this code after Ctrl-C
        write_line("interrupted")
    return code if isinstance(code, int) else OK


def _failing_library(exc: ImportError) -> str | None:
    """Return the library whose code raised the ImportError; None if it was our own code."""
    frames = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(exc.__traceback__)]
    top = (frames[-1] if frames else "").partition(".")[0]
    return None if top in ("", "__main__", "foreseen", "importlib") else str(top)


def worded(exc: BaseException) -> str:
    """Return the message of an error in one line, with its notes, which say what to do."""
    if isinstance(exc, KeyboardInterrupt | TerminatedError) and not isinstance(exc, InterruptedRunError):
        return "interrupted"
    if isinstance(exc, BrokenPipeError):
        return "the reader of the output has closed it"
    said = str(exc) if isinstance(exc, ForeseenError | SignalledError | InterruptedRunError) else failure_text(exc)
    return _in_one_line("; ".join([said, *getattr(exc, "__notes__", ())]))


def _write_last_line(said: str) -> None:
    try:
        write_line(said)
    except OSError:  # the terminal has been closed; Python's own flush at exit must not fail again
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _in_one_line(said: str) -> str:
    return " ".join(said.split())
