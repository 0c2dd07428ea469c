"""The command in this process: to start one of its own takes two seconds, and scikit-learn is imported here already.

For tests that are not about the process: what it reads, writes, says and exits with is the same.
"""

import importlib
import io
import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final
from unittest.mock import patch

from foreseen.adapters.predictor.call_sizes import large_call_sizes
from foreseen.entrypoints.cli.command_line import app
from foreseen.entrypoints.cli.process.exit_codes import run as exit_code_of
from foreseen.entrypoints.log_stream import drain_log
from support.loop_guard import loops_of_a_command
from support.processes import TESTS, environment

COMPARED_ROWS: Final = 2048
"""Rows of which a first file compares large calls with small ones: an eighth of the usual, which take a second."""

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_here(
    *args: object,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> CompletedProcess[bytes]:
    """Run the command to its end, as `processes.run` does but in this process; on the main thread."""
    given, out, err = _stream(stdin), _stream(), _stream()
    words = [str(each) for each in args]
    # A process of the model's own would import all again that is imported here; answers are the same.
    here = {"FORESEEN_MODEL_ISOLATION": "thread"} if words[:1] in (["score"], ["cache"]) else {}
    with ExitStack() as around:
        for each in (
            patch.dict(os.environ, environment({**here, **(env or {})}), clear=True),
            chdir(cwd or Path.cwd()),
            patch("sys.stdin", given), redirect_stdout(out), redirect_stderr(err),
            patch.object(large_call_sizes, "COMPARED_ROWS", COMPARED_ROWS),
            _own_signals(), own_logs(), _own_modules(), loops_of_a_command(),
        ):  # fmt: skip
            around.enter_context(each)
        code = _exit_code(words)
        drain_log()
        out.flush()
        err.flush()
    return CompletedProcess(words, code, out.buffer.getvalue(), err.buffer.getvalue())


def _exit_code(words: list[str]) -> int:
    try:
        return exit_code_of(lambda: app(words, prog_name="foreseen", standalone_mode=False))
    except SystemExit as exc:  # how a signal ends some commands
        return int(exc.code or 0)


class _Stream(io.TextIOWrapper):
    """A stream of a process, its bytes kept."""

    buffer: io.BytesIO


def _stream(held: bytes = b"") -> _Stream:
    return _Stream(io.BytesIO(held), encoding="utf-8", newline="", write_through=True)


@contextmanager
def _own_signals() -> Iterator[None]:
    before = [(each, signal.getsignal(each)) for each in _SIGNALS]
    try:
        yield
    finally:
        for each, handler in before:
            signal.signal(each, handler)


@contextmanager
def own_logs() -> Iterator[None]:
    """Put back what a command does to the logs."""
    loggers = [logging.getLogger(), logging.getLogger("uvicorn")]
    before = [(each, each.handlers[:], each.level) for each in loggers]
    try:
        yield
    finally:
        for each, handlers, level in before:
            each.handlers[:] = handlers
            each.setLevel(level)
        logging.captureWarnings(capture=False)


@contextmanager
def _own_modules() -> Iterator[None]:
    """Have modules found from here and from PYTHONPATH, as a new process does, and forget those of a user's own."""
    named = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    places = [str(Path.cwd()), *named]
    path, modules = sys.path[:], set(sys.modules)
    sys.path[:] = [*places, *filter(None, path)]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        theirs = {each for each in places if not TESTS.is_relative_to(each) and each != str(TESTS)}
        for name in set(sys.modules) - modules:
            if str(Path(getattr(sys.modules[name], "__file__", None) or "/").parent) in theirs:
                del sys.modules[name]
