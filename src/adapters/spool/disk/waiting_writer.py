"""WaitingWriter: writes to a pipe or terminal, and stops waiting for its reader once the run has ended."""

import io
import os
import select
import stat
from threading import Event
from typing import TYPE_CHECKING, BinaryIO, Final, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer

_WAIT_MS: Final = 200
"""Milliseconds of waiting between two checks whether the run has ended."""
_PIECE_BYTES: Final = select.PIPE_BUF
"""Bytes for which any pipe has room that `poll` reports as writable."""


def is_waited_for(handle: int) -> bool:
    """Return whether a write may wait for its reader: a pipe, a socket, a terminal."""
    mode = os.fstat(handle).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


class WaitingWriter(io.RawIOBase):
    """Writes to a descriptor, which stays open, as much at a time as there is room for.

    A plain write can wait for its reader forever: neither a signal nor the end of the run interrupts it, and at its
    exit Python would write again what is left in a buffer.
    """

    def __init__(self, handle: int, is_left: Event) -> None:
        """Accept a descriptor, and an event that is set when the run has ended."""
        self._handle = handle
        self._is_left = is_left
        self._written = 0
        self._room = select.poll()
        self._room.register(handle, select.POLLOUT)

    def writable(self) -> bool:
        """Return True, which `io` requires of a stream that it writes to."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._written

    def write(self, data: "Buffer") -> int:
        """Write all data; once the run has ended, data for which the pipe has no room is dropped."""
        view = memoryview(data).cast("B")
        size = len(view)
        try:
            while view and self._has_room():
                count = os.write(self._handle, view[:_PIECE_BYTES])
                self._written += count
                view = view[count:]
        except BaseException:  # such as a signal: the write when the file is closed must not wait again
            self._is_left.set()
            raise
        return size

    def _has_room(self) -> bool:
        """Wait for room; return False if the run ends before there is any."""
        while not self._room.poll(_WAIT_MS):
            if self._is_left.is_set():
                return False
        return True


def waited_for(stream: BinaryIO, is_left: Event) -> BinaryIO:
    """Return a WaitingWriter for a stream whose reader may be slow, such as a pipe; otherwise the stream itself."""
    try:
        handle = stream.fileno()
    except OSError:  # one in memory
        return stream
    if not is_waited_for(handle):
        return stream
    stream.flush()
    return cast("BinaryIO", WaitingWriter(handle, is_left))  # as typing declares FileIO
