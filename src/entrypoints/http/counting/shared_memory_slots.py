"""Slots: anonymous shared memory in which each worker process counts by itself, and reads the counts of all.

A slot belongs to one living process at a time and outlives it: the next owner continues its counts. Ownership is a lock
of the kernel, which is released when its process ends in any way.
"""

import fcntl
import mmap
import os
import sys
import tempfile
import weakref
from itertools import count
from multiprocessing.reduction import DupFd
from typing import Final, Protocol, Self

SLOT_BYTES: Final = 4 * mmap.ALLOCATIONGRANULARITY
"""Size of a slot: whole pages, so that each can be mapped by itself and no two share a cache line."""

SLOT_NUMBERS: Final = SLOT_BYTES // 8
"""Numbers per slot."""


class Slots:
    """As many slots as there ever were processes at a time; pickling for a spawned process shares the memory.

    A number is written and read as eight aligned bytes, so a reader in another process never sees half of it. A process
    owns its slot for as long as it keeps this object.
    """

    def __init__(self) -> None:
        """Create the memory, without any slot."""
        self._open(_anonymous_memory())

    def _open(self, descriptor: int) -> None:
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)
        # Kept as long as the lock: closing a map closes its copy of the descriptor, and closing any descriptor of a
        # file releases all locks that a process holds on it.
        self._maps: list[mmap.mmap] = []
        self._own: memoryview[float] | None = None
        self._number = -1

    def claim(self) -> "memoryview[float]":
        """Return this process's slot as doubles; the first call claims the lowest that no living process owns."""
        if self._own is None:
            self._number = next(number for number in count() if self._is_locked(number))
            self._own = self.slot(self._number)
        return self._own

    def slot(self, number: int) -> "memoryview[float]":
        """Return a slot by its number, of any owner; missing slots up to it are created, all zero."""
        end = (number + 1) * SLOT_BYTES
        if os.fstat(self._descriptor).st_size < end:
            # This writes to a slot that no process has used yet. Unlike ftruncate, it cannot remove one that another
            # process added meanwhile.
            os.pwrite(self._descriptor, b"\0", end - 1)
        return self.all()[number]

    def all(self) -> "list[memoryview[float]]":
        """Return every slot, in a stable order."""
        for number in range(len(self._maps), os.fstat(self._descriptor).st_size // SLOT_BYTES):
            self._maps.append(mmap.mmap(self._descriptor, SLOT_BYTES, offset=number * SLOT_BYTES))
        return [memoryview(each).cast("d") for each in self._maps]

    def of_others(self) -> "list[memoryview[float]]":
        """Return the slots that other living processes own."""
        return [slot for number, slot in enumerate(self.all()) if number != self._number and self._is_taken(number)]

    def _is_taken(self, number: int) -> bool:
        """Return whether another living process owns a slot, by trying to lock it for a moment."""
        if not self._is_locked(number):
            return True
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, number)
        return False

    def _is_locked(self, number: int) -> bool:
        """Try to lock a slot for this process, by byte n of the file for slot n."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:  # a living process owns it
            return False
        return True

    def __reduce__(self) -> tuple[object, ...]:
        return _opened_by_child, (DupFd(self._descriptor),)

    @classmethod
    def of_descriptor(cls, descriptor: int) -> Self:
        """Return the slots behind a descriptor that another process passed on."""
        slots = cls.__new__(cls)
        slots._open(descriptor)  # noqa: SLF001 - our own
        return slots


class _Handed(Protocol):
    def detach(self) -> int: ...


def _opened_by_child(handed: "_Handed") -> Slots:
    return Slots.of_descriptor(handed.detach())


def _anonymous_memory() -> int:
    """Return the descriptor of new memory, which vanishes with the last process that has it open, even if killed."""
    if sys.platform == "linux":
        return os.memfd_create("foreseen-slots")
    else:
        return anonymous_file()


def anonymous_file() -> int:
    """Return the descriptor of an unlinked temporary file, for systems other than Linux."""
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
