"""The processes of a session as POSIX has it: what its leader has started, and what that has, as long as none leaves.

Ray's own processes never make a session of their own. So that of the driver holds each of them, also those whose parent
has died, and nothing else.
"""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

LOOK_S: Final = 0.02
ENDING_S: Final = 15.0
"""Seconds that processes which were killed may take to end: only one that waits for a disk takes any."""


def processes_of(session: int) -> list[int]:
    """Return the processes of a session that have not ended."""
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _is_alive_in(folder, session)]


def end_session(session: int, *, spared: int = 0) -> None:
    """Kill the processes of a session, frozen ones too, and wait until they are gone.

    Args:
        spared: a process that is left alone: the caller, if it is one of them.
    """
    deadline = time.monotonic() + ENDING_S
    # More than once: a process may start another between the look and its end.
    while found := [pid for pid in processes_of(session) if pid != spared]:
        _send(found, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(LOOK_S)


def freeze_session(session: int, *, spared: int) -> None:
    """Stop the processes of a session where they are, so that none sees what becomes of the others."""
    _send([pid for pid in processes_of(session) if pid != spared], signal.SIGSTOP)


def _send(pids: Iterable[int], signum: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)


def _is_alive_in(folder: Path, session: int) -> bool:
    try:
        # The name of the program comes before these, in brackets, and may hold anything.
        state, _, _, its_session, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return False
    return int(its_session) == session and state not in "ZX"
