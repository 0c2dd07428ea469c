"""The processes of a POSIX session: those that its leader started, directly or not, and that began no other session.

Ray's processes never begin a session. So the driver's session consists of exactly these, including those whose parent
has died.
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
"""Seconds that killed processes may take to end; only one that waits for a disk takes any."""


def processes_of(session: int) -> list[int]:
    """Return the processes of a session that have not ended."""
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _is_alive_in(folder, session)]


def end_session(session: int, *, spared: int = 0) -> None:
    """Kill the processes of a session, frozen ones too, and wait until they are gone.

    Args:
        spared: the id of a process that is not killed, such as the caller's own; 0 for none.
    """
    deadline = time.monotonic() + ENDING_S
    # Repeated, since a process may start another between being listed and being killed.
    while found := [pid for pid in processes_of(session) if pid != spared]:
        _send(found, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(LOOK_S)


def freeze_session(session: int, *, spared: int) -> None:
    """Suspend the processes of a session, so that none reacts to the end of the others."""
    _send([pid for pid in processes_of(session) if pid != spared], signal.SIGSTOP)


def _send(pids: Iterable[int], signum: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signum)


def _is_alive_in(folder: Path, session: int) -> bool:
    try:
        # The name of the program comes before these, in brackets, and may contain any characters.
        state, _, _, its_session, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return False
    return int(its_session) == session and state not in "ZX"
