"""WaitingWriter: a stream that others read, written without waiting for them once the run is over."""

import io
import os
import select
import stat
from threading import Event
from typing import Any, Final, cast

_WAIT_MS: Final = 200
"""How long a run that is over waits for its reader."""
_PIECE_BYTES: Final = select.PIPE_BUF
"""What a pipe that may be written to has room for."""


def is_waited_for(handle: int) -> bool:
    """Return whether a write may wait for its reader: a pipe, a socket, a terminal."""
    mode = os.fstat(handle).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


class WaitingWriter(io.RawIOBase):
    """Writes to a descriptor, which stays open, as much at a time as there is room for.

    A plain write that waits for its reader ends with it alone: neither a signal on the main thread nor the end of the
    run does, and what is left in a buffer is written again as Python exits.
    """

    def __init__(self, handle: int, is_left: Event) -> None:
        """Accept a descriptor, and what says that the run is over."""
        self._handle = handle
        self._is_left = is_left
        self._written = 0
        self._room = select.poll()
        self._room.register(handle, select.POLLOUT)

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._written

    def write(self, data: Any) -> int:
        """Write all data; once the run is over, data that the reader has no room for is dropped."""
        view = memoryview(data).cast("B")
        size = len(view)
        try:
            while view and self._has_room():
                count = os.write(self._handle, view[:_PIECE_BYTES])
                self._written += count
                view = view[count:]
        except BaseException:  # a signal: what is written as the file is closed must not wait again
            self._is_left.set()
            raise
        return size

    def _has_room(self) -> bool:
        """Wait for room; return False if the run is over before there is any."""
        while not self._room.poll(_WAIT_MS):
            if self._is_left.is_set():
                return False
        return True


def waited_for(stream: Any, is_left: Event) -> Any:
    """Return what writes to a stream's descriptor, where its reader may be waited for; else the stream."""
    try:
        handle = cast("int", stream.fileno())
    except OSError:  # one in memory
        return stream
    if not is_waited_for(handle):
        return stream
    stream.flush()
    return WaitingWriter(handle, is_left)
