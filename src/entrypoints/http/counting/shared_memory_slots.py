"""Slots: memory without a name in which each worker process counts by itself, and any of them reads what all counted.

A slot belongs to one living process at a time and outlives it: who comes after counts on from where it stands. That a
slot is taken is a lock of the kernel's, which falls with its process, however that ends.
"""

import fcntl
import mmap
import os
import sys
import tempfile
import weakref
from itertools import count
from multiprocessing.reduction import DupFd
from typing import Any, Final, Self

SLOT_BYTES: Final = 4 * mmap.ALLOCATIONGRANULARITY
"""Of one slot: pages, which is what can be mapped; and neighbours must not share a cache line, or both would wait."""

SLOT_NUMBERS: Final = SLOT_BYTES // 8
"""How many numbers a slot holds."""


class Slots:
    """As many slots as there were ever processes at the same time; pickled for a process that is being spawned, shared.

    A number is written and read as eight aligned bytes, so that a reader in another process sees it whole. A process
    has its slot for as long as it keeps this object.
    """

    def __init__(self) -> None:
        """Make the memory, without any slot."""
        self._open(_anonymous_memory())

    def _open(self, descriptor: int) -> None:
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)
        # Kept as long as the lock: closing a map closes its copy of the descriptor, and closing any descriptor of a
        # file gives up all locks that a process has on it.
        self._maps: list[mmap.mmap] = []
        self._own: memoryview[float] | None = None
        self._number = -1

    def claim(self) -> "memoryview[float]":
        """Give this process's slot as doubles: on its first call the lowest that no living process has."""
        if self._own is None:
            self._number = next(number for number in count() if self._is_locked(number))
            self._own = self.slot(self._number)
        return self._own

    def slot(self, number: int) -> "memoryview[float]":
        """Give the slot of a number, whoever has it; those up to it are made if need be, all zero."""
        end = (number + 1) * SLOT_BYTES
        if os.fstat(self._descriptor).st_size < end:
            # A byte of a slot that nobody has counted in yet. Unlike ftruncate, this never takes one away again that
            # another process has added meanwhile.
            os.pwrite(self._descriptor, b"\0", end - 1)
        return self.all()[number]

    def all(self) -> "list[memoryview[float]]":
        """Give every slot there is, in an order that stays."""
        for number in range(len(self._maps), os.fstat(self._descriptor).st_size // SLOT_BYTES):
            self._maps.append(mmap.mmap(self._descriptor, SLOT_BYTES, offset=number * SLOT_BYTES))
        return [memoryview(each).cast("d") for each in self._maps]

    def of_others(self) -> "list[memoryview[float]]":
        """Return the slots that other living processes have."""
        return [slot for number, slot in enumerate(self.all()) if number != self._number and self._is_taken(number)]

    def _is_taken(self, number: int) -> bool:
        """Return whether a living process has a slot that is not this one's; none is locked for longer than that."""
        if not self._is_locked(number):
            return True
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, number)
        return False

    def _is_locked(self, number: int) -> bool:
        """Try to lock a slot for this process; byte number n stands for slot n."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except OSError:  # a living process has it
            return False
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened_by_child, (DupFd(self._descriptor),)

    @classmethod
    def of_descriptor(cls, descriptor: int) -> Self:
        """Give those of a descriptor that was handed over."""
        slots = cls.__new__(cls)
        slots._open(descriptor)  # noqa: SLF001 - our own
        return slots


def _opened_by_child(handed: Any) -> Slots:
    return Slots.of_descriptor(handed.detach())


def _anonymous_memory() -> int:
    """Make memory that is gone with the last process that has it, even if all of them are killed."""
    if sys.platform == "linux":
        return os.memfd_create("foreseen-slots")
    else:
        return anonymous_file()


def anonymous_file() -> int:
    """Make the like where there is none but in files."""
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
