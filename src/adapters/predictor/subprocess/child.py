"""The child: a process that loads one model and predicts for its parent as long as the parent lives."""

import logging
import os
import sys
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final, cast

from foreseen.adapters.predictor.subprocess.child_answers import answer_in_turn, answer_side_by_side
from foreseen.adapters.predictor.subprocess.pipe import LogLine, Order, Pipe
from foreseen.domain.errors import ForeseenError
from foreseen.process.garbage_collection import FOR_FILES, put_off_collections, resume_collections
from foreseen.process.log_setup import send_logs_to
from foreseen.process.signal_handlers import leave_signals_to_parent

if TYPE_CHECKING:
    from foreseen.domain.model.engine_switch import EngineCheck
    from foreseen.domain.ports import Predictor

log = logging.getLogger(__name__)

_FORMATTER: Final = logging.Formatter()

NICENESS: Final = 1
"""Niceness that a model's process adds to its parent's: hits go first, and other processes do not starve the model.

Source:
    docs/adr/0027-how-a-model-is-called.md
"""


def main(fd: int) -> None:
    """Serve the parent at the other end of a socket until it closes its end."""
    leave_signals_to_parent()
    _print_to_errors()
    Thread(target=_end_with_the_parent, name="lifeline", daemon=True).start()
    pipe = Pipe(Connection(fd))
    try:
        order = cast("Order", pipe.receive())
        send_logs_to(_ParentLog(pipe), level=order.log_level.upper())
        predictor = _load(pipe, order)
        if (switch := getattr(predictor, "engine_switch", None)) is not None:
            switch.on_check = partial(_send_check, pipe)
        if order.calls:
            answer_side_by_side(pipe, predictor, order.calls)
        else:
            answer_in_turn(pipe, predictor)
    except (EOFError, OSError):
        return  # the parent has closed its end
    except MemoryError:
        log.error("the model's process has run out of memory")
        sys.exit(1)


def _print_to_errors() -> None:
    """Send what the model prints, from Python or C, to standard error: standard output is the parent's."""
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # so that nothing is lost when the process ends


def _end_with_the_parent() -> None:
    """End when the parent ends, whatever the model computes: only the parent has the other end of standard input."""
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


def _send_check(pipe: Pipe, check: "EngineCheck") -> None:
    with suppress(OSError):  # the parent has ended, and this process is about to
        pipe.send(check)


def _let_hits_go_first() -> None:
    """Lower the priority of this process: a hit in the parent should not wait while the model computes."""
    niceness = min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    threads = Path("/proc/self/task")
    # On Linux each thread has a niceness of its own, and BLAS has started its threads by now.
    for thread in [int(folder.name) for folder in threads.iterdir()] if threads.exists() else [0]:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.setpriority(os.PRIO_PROCESS, thread, niceness)


class _ParentLog(logging.Handler):
    """Sends log records to the parent, so that the lines of both have one format."""

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        try:
            traceback = _FORMATTER.formatException(record.exc_info) if record.exc_info else None
            self._pipe.send(LogLine(record.name, record.levelno, record.getMessage(), traceback))
        except OSError:  # the parent is gone, and this process about to be
            return
