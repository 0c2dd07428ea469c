"""The child: a process that loads one model and predicts for its parent, for as long as that lives."""

import logging
import os
import signal
import sys
from contextlib import suppress
from io import TextIOWrapper
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

from foreseen.adapters.predictor.subprocess.child_answers import answer_in_turn, answer_side_by_side
from foreseen.adapters.predictor.subprocess.pipe_messages import LogLine, Order, Pipe
from foreseen.domain.errors import ForeseenError
from foreseen.domain.garbage_collection import FOR_FILES, put_off_collections, resume_collections

if TYPE_CHECKING:
    from foreseen.domain.ports import Predictor

log = logging.getLogger(__name__)

_FORMATTER: Final = logging.Formatter()

NICENESS: Final = 1
"""How much nicer a model is than what serves: a hit goes first, and other processes do not starve the model.

Source:
    docs/adr/0027-how-a-model-is-called.md
"""


def main(fd: int) -> None:
    """Do what the parent orders at the other end of a socket, until it closes that."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _leave_it_to_the_parent)
    _print_to_errors()
    Thread(target=_end_with_the_parent, name="lifeline", daemon=True).start()
    pipe = Pipe(Connection(fd))
    try:
        order: Order = pipe.receive()
        _log_through(pipe, order.log_level)
        predictor = _load(pipe, order)
        if order.calls:
            answer_side_by_side(pipe, predictor, order.calls)
        else:
            answer_in_turn(pipe, predictor)
    except (EOFError, OSError):
        return  # the parent wants no more
    except MemoryError:
        log.error("the model's process has run out of memory")
        sys.exit(1)


def _print_to_errors() -> None:
    """Send what the model prints, from Python or from C, to standard error: the parent's output is not the model's."""
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # nothing is lost with this process


def _leave_it_to_the_parent(*_: object) -> None:
    """Outlive a signal that the whole group or service was sent: the parent may wait for an answer.

    A handler, since what a model starts would inherit that a signal is ignored.
    """


def _end_with_the_parent() -> None:
    """End when the parent does, however that ends, and whatever the model computes: only it holds the other end."""
    os.read(0, 1)
    os._exit(0)


def _load(pipe: Pipe, order: Order) -> "Predictor":
    put_off_collections()
    try:
        from foreseen.adapters.predictor.load_predictor import load_predictor  # noqa: PLC0415 - slow; signals are seen to first

        predictor = load_predictor(**order.options)
    except ForeseenError as exc:
        pipe.send(exc)
        sys.exit(1)
    resume_collections(FOR_FILES if order.calls else None)
    if not order.calls:
        _let_hits_go_first()
    pipe.send(predictor.info)
    return predictor


def _let_hits_go_first() -> None:
    """Yield a little to the parent: computing takes long anyway, and a hit should not wait for a turn of it."""
    niceness = min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    threads = Path("/proc/self/task")
    # On Linux each thread has a niceness of its own, and those of BLAS have been started.
    for thread in [int(folder.name) for folder in threads.iterdir()] if threads.exists() else [0]:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.setpriority(os.PRIO_PROCESS, thread, niceness)


class _ParentLog(logging.Handler):
    """Has the parent log what is logged here: one place words the lines of both."""

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        try:
            traceback = _FORMATTER.formatException(record.exc_info) if record.exc_info else None
            self._pipe.send(LogLine(record.name, record.levelno, record.getMessage(), traceback))
        except OSError:  # the parent is gone, and this process about to be
            return


def _log_through(pipe: Pipe, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_ParentLog(pipe)]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
