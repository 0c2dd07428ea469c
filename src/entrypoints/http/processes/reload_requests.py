"""Reload requests: how a worker has its supervisor pass a reload on to every worker."""

import os
import weakref
from contextlib import suppress
from multiprocessing.reduction import DupFd
from typing import Any, Final, Self

from foreseen.domain.errors import ModelUnavailableError

_READ_AT_ONCE: Final = 4096


class ReloadRequests:
    """A pipe from the workers to their supervisor; pickled for a worker that is spawned, it has the writing end alone.

    Not a signal: by the time that a worker sends one, the id of its supervisor may be that of another process. Writing
    to a pipe that has no reader fails.
    """

    def __init__(self) -> None:
        """Make the pipe."""
        reader, writer = os.pipe()
        self._open(writer)
        self._reader = self._owned(reader)

    def _open(self, writer: int) -> None:
        self._writer = self._owned(writer)

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
            os.write(self._writer, b"\n")
        except BlockingIOError:  # thousands are waiting: one more would change nothing
            return
        except BrokenPipeError:
            raise ModelUnavailableError("the supervisor of the workers has ended, and they end with it") from None

    def take(self) -> bool:
        """Return whether any were made since the last call; for the supervisor."""
        were_made = False
        with suppress(BlockingIOError):
            while os.read(self._reader, _READ_AT_ONCE):
                were_made = True
        return were_made

    def __reduce__(self) -> tuple[Any, ...]:
        return _opened_by_worker, (DupFd(self._writer),)

    @classmethod
    def of_writer(cls, descriptor: int) -> Self:
        """Return those of a writing end that was handed over."""
        requests = cls.__new__(cls)
        requests._open(descriptor)  # noqa: SLF001 - our own
        return requests


def _opened_by_worker(handed: Any) -> ReloadRequests:
    return ReloadRequests.of_writer(handed.detach())
