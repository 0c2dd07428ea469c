"""Processes that `support.fork_server` forks, held as `subprocess` holds those that it starts."""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from foreseen.adapters.predictor.call_sizes.thread_environment import thread_environment
from support import fork_server
from support.fork_server import HEAD_BYTES, is_model

_STARTING: Final = Lock()
_PYTHON: Final = sys.executable

_ONE_THREAD: Final = thread_environment(1)
"""Of the fork server; a model's process sets the number that it was started with."""

_NOT_INHERITED: Final = ("FORESEEN_", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
_ENVIRONMENT: Final = {
    **{name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)},
    "NO_COLOR": "1",
    "COLUMNS": "100",
    **_ONE_THREAD,
}
"""Of the fork server, where libraries have one thread."""

_BEFORE_PYTHON: Final = ("PYTHON", "LC_", "LANG", "LD_", "OMP_", "OPENBLAS_", "MKL_", "ARROW_", "NO_COLOR", "COLUMNS")
"""How variables begin that are read when Python or a library starts, which has happened in the fork server."""


def can_be_forked(changes: Mapping[str, str]) -> bool:
    """Return whether a process with these changes to the environment is like one that is forked."""
    return not any(name.startswith(_BEFORE_PYTHON) and name != "PYTHONPATH" for name in changes)


class ForkedPopen(subprocess.Popen[Any]):
    """`python -m MODULE ARGUMENTS`, forked by what has imported everything already.

    The fork server is its parent, and says over a socket how it ended, which `subprocess` learns by `waitpid`.
    """

    _ends: socket.socket

    def _execute_child(self, args: Any, *rest: Any) -> None:
        module, *words = args[2:]
        self._order({"module": module, "args": words}, [], *rest)

    def _order(self, order: Mapping[str, Any], passed: Sequence[int], *rest: Any) -> None:
        cwd, env, pipes = rest[4], rest[5], rest[9:15]
        is_leader = rest[20]
        place = {"cwd": str(cwd or Path.cwd()), "env": dict(env), "session": is_leader}
        streams = [fd if fd != -1 else number for number, fd in enumerate((pipes[0], pipes[3], pipes[5]))]
        self._ends, theirs = socket.socketpair()
        with theirs:
            _send(json.dumps({**order, **place}).encode(), [*streams, *passed, theirs.fileno()])
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]
        self.pid = int.from_bytes(self._ends.recv(HEAD_BYTES), "big")
        assert self.pid, "the fork server has ended"
        self._child_created = True

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None:
            self._try_wait(os.WNOHANG)
        return self.returncode

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        patience = 0 if wait_flags == os.WNOHANG else None
        if not select.select([self._ends], [], [], patience)[0]:
            return 0, 0
        received = self._ends.recv(HEAD_BYTES)
        assert received, "the fork server has ended"  # how this process did is not known then
        status = int.from_bytes(received, "big")
        self._ends.close()
        self.returncode = os.waitstatus_to_exitcode(status)
        return self.pid, status


class ForkedModelPopen(ForkedPopen):
    """`python -c CODE FD PATHS`, as `ModelProcess` starts it."""

    def _execute_child(self, args: Any, *rest: Any) -> None:
        code, fd, *paths = args[2:]
        self._order({"code": code, "args": paths}, [int(fd)], *rest)


def start(args: Sequence[str], *, env: Mapping[str, str], **options: Any) -> "subprocess.Popen[Any]":
    """Start a command or a model's process as the code does, forked where its environment is like the fork server's."""
    own = {
        *_ONE_THREAD,
        "PYTHONDONTWRITEBYTECODE",
    }  # a model sees to its threads itself, and what forks has no bytecode
    changes = dict(env.items() - _ENVIRONMENT.items())
    is_like = can_be_forked({name: value for name, value in changes.items() if name not in own})
    if args[0] != _PYTHON or not is_like:
        return subprocess.Popen(args, env=env, **options)
    popen = ForkedModelPopen if is_model(args) else ForkedPopen
    return popen(args, env=env, **options)


def _send(text: bytes, fds: list[int]) -> None:
    with _STARTING:
        control = _control()
        socket.send_fds(control, [len(text).to_bytes(HEAD_BYTES, "big")], fds)
        control.sendall(text)


@cache
def _control() -> socket.socket:
    """Start the fork server of this process, and return how it is reached; it ends when this process does."""
    ours, theirs = socket.socketpair()
    line = [sys.executable, fork_server.__file__, str(theirs.fileno())]
    with theirs:
        server = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()],
            env=_ENVIRONMENT,
        )  # fmt: skip

    @atexit.register
    def end() -> None:
        ours.close()
        server.kill()  # what a test has forked may hold the other end of its socket
        server.communicate()

    return ours
