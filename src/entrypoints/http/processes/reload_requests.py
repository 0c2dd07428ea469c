"""Reload requests: how a worker makes its supervisor reload every worker."""

import os
import weakref
from contextlib import suppress
from multiprocessing.reduction import DupFd
from typing import Final, Protocol, Self

from foreseen.domain.errors import ModelUnavailableError

_READ_AT_ONCE: Final = 4096


class ReloadRequests:
    """A pipe from the workers to their supervisor; pickled for a spawned worker, it has only the writing end.

    A signal would not do: when a worker sends it, the id of its supervisor may be that of another process already.
    Writing to a pipe that has no reader fails.
    """

    def __init__(self) -> None:
        reader, writer = os.pipe()
        self._open(writer)
        self._reader = self._owned(reader)

    def _open(self, writer: int) -> None:
        self.writer = self._owned(writer)

    def _owned(self, descriptor: int) -> int:
        os.set_blocking(descriptor, False)
        weakref.finalize(self, os.close, descriptor)
        return descriptor

    def make(self) -> None:
        """Request that every worker reloads.

        Raises:
            ModelUnavailableError: the supervisor has ended.
        """
        try:
            os.write(self.writer, b"\n")
        except BlockingIOError:  # the pipe is full of requests: one more would change nothing
            return
        except BrokenPipeError:
            raise ModelUnavailableError("the supervisor of the workers has ended, and they end with it") from None

    def take(self) -> bool:
        """Return whether there were requests since the last call; for the supervisor."""
        were_made = False
        with suppress(BlockingIOError):
            while os.read(self._reader, _READ_AT_ONCE):
                were_made = True
        return were_made

    def __reduce__(self) -> tuple[object, ...]:
        return _opened_by_worker, (DupFd(self.writer),)

    @classmethod
    def of_writer(cls, descriptor: int) -> Self:
        """Return requests that write to a descriptor that the supervisor passed on."""
        requests = cls.__new__(cls)
        requests._open(descriptor)  # noqa: SLF001 - our own
        return requests


class _Handed(Protocol):
    def detach(self) -> int: ...


def _opened_by_worker(handed: "_Handed") -> ReloadRequests:
    return ReloadRequests.of_writer(handed.detach())
