"""One run at a time: a lock on a file that the previous run may remove at any moment."""

import fcntl
import os
from pathlib import Path
from typing import NamedTuple

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.domain.errors import TableError


class Locked(NamedTuple):
    """A file that this process holds exclusively until it closes the handle or dies.

    Attributes:
        is_new: whether this process created the file.
    """

    handle: int
    is_new: bool


def locked(disk: Disk, path: Path, *, name: str) -> Locked:
    """Create a file if it does not exist, and lock it.

    Args:
        name: the output that the lock is for, as errors name it.
    Raises:
        TableError: another run has locked it.
        OSError: it cannot be created or opened.
    """
    while True:
        handle, is_new = _opened(disk, path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise TableError(f"{name}: expected no other run with this output, got one that is still active") from None
        except BaseException:
            os.close(handle)
            raise
        if _is_still(handle, path):
            return Locked(handle, is_new)
        os.close(handle)  # the run that held it has finished, and removed it before we locked it


def _opened(disk: Disk, path: Path) -> tuple[int, bool]:
    while True:
        try:
            return disk.create(path), True
        except FileExistsError:
            try:
                return disk.open(path), False
            except FileNotFoundError:  # removed in between
                continue


def _is_still(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
