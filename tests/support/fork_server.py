"""A process that has imported what commands import, and forks for each: a start costs milliseconds, not a second.

Run as a script by `support.forked_process`. What it forks are processes like others, with their own streams,
environment, working directory and signals; what Python does before a program, such as choosing the encoding of streams,
was done here once.
"""

import atexit
import fcntl
import gc
import importlib
import json
import multiprocessing.process
import multiprocessing.spawn
import multiprocessing.util
import os
import re
import runpy
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn

HEAD_BYTES: Final = 4
"""Bytes that hold how long an order is, a process id, or how a process ended."""

IMPORTED: Final = (
    "foreseen.adapters.predictor.load_predictor",
    "foreseen.adapters.predictor.sidecar.sidecar",
    "foreseen.adapters.predictor.scikit_learn.columns.column_picks",
    "foreseen.adapters.predictor.scikit_learn.columns.column_tracing",
    "foreseen.adapters.predictor.scikit_learn.inputs.pandas_frames",
    "foreseen.adapters.predictor.scikit_learn.columns.members",
    "foreseen.adapters.predictor.subprocess.child",
    "foreseen.entrypoints.cli.command_line",
    "foreseen.entrypoints.cli.commands.score_files",
    "foreseen.entrypoints.cli.commands.serve_model",
    "foreseen.entrypoints.http.start_serving",
    "pandas",
    "pyarrow.parquet",
    "pydantic.v1",
    "sklearn.calibration",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.feature_selection",
    "sklearn.linear_model",
    "sklearn.multioutput",
    "sklearn.pipeline",
    "uvicorn.loops.uvloop",
)
"""What most starts import."""

FORKED_MODEL: Final = "forked model"
FORKED_WORKER: Final = "forked worker"
"""How processes are named that a service starts: all have the fork server's command line. 15 characters at most."""

WAITING: Final = re.compile(r"MainThread|signals|log|lifeline|.*\(always_pong\)")
"""Threads beside which it forks: they wait, for a signal, a line, the supervisor's end or its ping.

A model that a service reloads amid requests is started as users have it: a thread that serves may hold any lock.
"""

MOST_FDS: Final = 5
"""Of an order: the streams, what a model is reached by, and how its end is reported."""

_STREAMS: Final = 3
_SPAWN: Final[Any] = multiprocessing.util.spawnv_passfds


def next_order(control: socket.socket) -> dict[str, Any]:
    """Fork for each order that comes, and return it in the process that was forked; end when no more can come."""
    woken, wakes = socket.socketpair()
    for each in (woken, wakes):
        each.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    before = {
        signal.SIGCHLD: signal.signal(signal.SIGCHLD, lambda *_: None),
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
    }
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            woken.recv(4096)
            _report_ended(running)
        if control not in ready:
            continue
        text, fds = _received(control)
        if not text:
            os._exit(0)
        ends = socket.socket(fileno=fds.pop())
        if pid := os.fork():
            running[pid] = ends
            ends.sendall(pid.to_bytes(HEAD_BYTES, "big"))
            for fd in fds:
                os.close(fd)
            continue
        signal.set_wakeup_fd(-1)
        for signum, handler in before.items():
            signal.signal(signum, handler)
        for each in (control, woken, wakes, ends, *running.values()):
            each.close()
        order: dict[str, Any] = json.loads(text)
        order["passed"] = fds[_STREAMS:]
        for number, fd in enumerate(fds[:_STREAMS]):
            os.dup2(fd, number)
            os.close(fd)
        return order


def become(order: dict[str, Any], found_at: list[str]) -> None:
    """Be the process that was ordered, in a folder and an environment; a new session takes the terminal that it has."""
    if order["session"]:
        os.setsid()
        if os.isatty(0):
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    here = os.getcwd()  # noqa: PTH109 - as Python has it
    named = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = [here, *named, *found_at]
    sys.argv[1:] = order["args"]
    multiprocessing.process.ORIGINAL_DIR = here  # type: ignore[attr-defined]
    subprocess.Popen = ModelPopen  # type: ignore[misc]
    multiprocessing.util.spawnv_passfds = _spawned  # type: ignore[assignment]
    sys.modules["numpy"].random.seed()  # as each process draws numbers of its own


class ModelPopen(subprocess.Popen[Any]):
    """Starts a model's process by a fork as well, where there are no threads yet; all else as ever."""

    def _execute_child(self, args: Any, *rest: Any) -> None:
        pass_fds, env, pipes = rest[3], rest[5], rest[9:15]
        if not is_model(args) or not _may_fork():
            super()._execute_child(args, *rest)  # type: ignore[misc]
            return
        self.pid = _forked(FORKED_MODEL)
        if self.pid:
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]
            self._child_created = True
            return
        os.dup2(pipes[0], 0)
        _close_but(pass_fds)
        os.environ.update(env)
        _be_model(args[2], args[3:])


def _be_model(code: str, args: Sequence[str]) -> NoReturn:
    """Be `python -c CODE ARGUMENTS` in a process group of its own."""
    os.setpgid(0, 0)
    sys.argv[:] = ["-c", *args]
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(code, main.__dict__)  # and ends the process
    os._exit(0)


def _spawned(path: Any, args: Sequence[str], pass_fds: Sequence[int]) -> int:
    """Start what multiprocessing starts, a worker of a service by a fork, and return its process id."""
    if "--multiprocessing-fork" not in args or not _may_fork():
        return int(_SPAWN(path, args, pass_fds))
    if pid := _forked(FORKED_WORKER):
        return pid
    try:
        _close_but(pass_fds)
        sys.orig_argv[:] = args
        sys.argv[:] = ["-c", args[-1]]
        weakref.finalize._registry.clear()  # type: ignore[attr-defined] # what its parent has to put in order
        ends = dict(each.split("=") for each in re.findall(r"\w+=\d+", args[-2]))
        multiprocessing.spawn.spawn_main(**{name: int(fd) for name, fd in ends.items()})
    except SystemExit as exc:
        os._exit(int(exc.code or 0))
    except BaseException:  # noqa: BLE001 - the process that forked is not to go on in this one
        sys.excepthook(*sys.exc_info())
    os._exit(1)


def _forked(name: str) -> int:
    """Fork, without what the new process would not have of this one's, and return what `os.fork` does."""
    for each in (sys.stdout, sys.stderr):
        each.flush()
    if pid := os.fork():
        return pid
    if (of_linux := Path("/proc/self/comm")).exists():
        of_linux.write_text(name)
    signal.set_wakeup_fd(-1)
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)
    atexit._clear()
    sys.modules["numpy"].random.seed()
    return 0


def is_model(args: Any) -> bool:
    """Return whether a command line is that of a model's process."""
    return args[1] == "-c" and "subprocess.child" in args[2]


def _may_fork() -> bool:
    return all(WAITING.fullmatch(each.name) for each in threading.enumerate())


def _close_but(kept: Sequence[int]) -> None:
    first = _STREAMS
    for fd in sorted(kept):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _received(control: socket.socket) -> tuple[bytes, list[int]]:
    head, fds, _, _ = socket.recv_fds(control, HEAD_BYTES, MOST_FDS)
    left, text = int.from_bytes(head, "big"), b""
    while left and (part := control.recv(left)):
        text += part
        left -= len(part)
    return text, list(fds)


def _report_ended(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with running.pop(pid) as ends:
            try:
                ends.sendall(status.to_bytes(HEAD_BYTES, "big"))
            except OSError:  # it is not waited for
                continue


if __name__ == "__main__":
    for name in IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    ordered = next_order(socket.socket(fileno=int(sys.argv[1])))
    become(ordered, sys.path[1:])
    if passed := ordered["passed"]:
        _be_model(ordered["code"], [str(passed[0]), *ordered["args"]])
    runpy.run_module(ordered["module"], run_name="__main__", alter_sys=True)
