"""Processes that `support.fork_server` forks, held as `subprocess` holds those that it starts."""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

from support import fork_server
from support.fork_server import HEAD_BYTES

_STARTING: Final = Lock()

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
        cwd, env, pipes = rest[4], rest[5], rest[9:15]
        module, *words = args[2:]
        order = {"module": module, "args": words, "cwd": str(cwd or Path.cwd()), "env": dict(env)}
        streams = [fd if fd != -1 else number for number, fd in enumerate((pipes[0], pipes[3], pipes[5]))]
        self._ends, theirs = socket.socketpair()
        with theirs:
            _send(json.dumps(order).encode(), [*streams, theirs.fileno()])
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


def _send(text: bytes, fds: list[int]) -> None:
    with _STARTING:
        control = _control()
        socket.send_fds(control, [len(text).to_bytes(HEAD_BYTES, "big")], fds)
        control.sendall(text)


@cache
def _control() -> socket.socket:
    """Start the fork server of this process, and return how it is reached; it ends when this process does."""
    ours, theirs = socket.socketpair()
    left_out = ("FORESEEN_", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    line = [sys.executable, fork_server.__file__, str(theirs.fileno())]
    with theirs:
        server = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[theirs.fileno()],
            env={**env, "NO_COLOR": "1", "COLUMNS": "100", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    @atexit.register
    def end() -> None:
        ours.close()
        server.kill()  # what a test has forked may hold the other end of its socket
        server.communicate()

    return ours
