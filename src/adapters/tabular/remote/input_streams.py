"""Wrappers of input streams that count the bytes read, look at the first bytes, or make a stream seekable."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast


class ReadStream(io.RawIOBase):
    """Base of streams that only `read` has to be written for."""

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        view = memoryview(buffer)
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """Read some bytes; none at the end."""
        raise NotImplementedError


class CountedStream(ReadStream):
    """A file that counts the bytes read.

    Attributes:
        file: the file itself.
        bytes_read: bytes read so far.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Begin where the file is."""
        self.file = file
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        """Read, and count what comes."""
        data = self.file.read(size)
        self.bytes_read += len(data)
        return data

    def seekable(self) -> bool:
        """Return whether the file is."""
        return self.file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go elsewhere in the file, and count from there."""
        self.bytes_read = self.file.seek(offset, whence)
        return self.bytes_read

    def tell(self) -> int:
        """Return where it is."""
        return self.file.tell()


class ReplayedStream(ReadStream):
    """A stream with its first bytes before it again."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        """Begin with what was read already."""
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        """Read; what was read already comes by itself."""
        if not self._head:
            return self._rest.read(size)
        if size < 0:
            size = len(self._head)
        data, self._head = self._head[:size], self._head[size:]
        return data


def peeked(stream: BinaryIO, size: int) -> tuple[bytes, BinaryIO]:
    """Return the first bytes of a stream, and a stream that begins with them."""
    start = stream.tell() if stream.seekable() else None
    pieces = []
    missing = size
    while missing and (piece := stream.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    head = b"".join(pieces)
    if start is not None:
        stream.seek(start)
        return head, stream
    return head, cast("BinaryIO", ReplayedStream(head, stream))


@contextmanager
def seekable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Yield a stream of the same bytes that can be sought in: a copy on the disk where it comes by a pipe."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file, 1 << 20)
        file.seek(0)
        yield cast("BinaryIO", file)
