"""Wrappers of input streams that count the bytes read, look at the first bytes, or make a stream seekable."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer


class ReadStream(io.RawIOBase):
    """Base of streams, for which only `read` has to be implemented."""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Read into a buffer; return the number of bytes, 0 at the end."""
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
        """Accept a file, which is read from its current position."""
        self.file = file
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        """Read, and count the bytes."""
        data = self.file.read(size)
        self.bytes_read += len(data)
        return data

    def seekable(self) -> bool:
        """Return whether the file is seekable."""
        return self.file.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position in bytes, count from there, and return it."""
        self.bytes_read = self.file.seek(offset, whence)
        return self.bytes_read

    def tell(self) -> int:
        """Return the position in bytes."""
        return self.file.tell()


class ReplayedStream(ReadStream):
    """A stream that begins with bytes that were read from it before."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        """Accept the bytes that were read already, and the rest."""
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        """Read; the bytes that were read already are returned separately from the rest."""
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
    """Yield a seekable stream of the same bytes: a copy on disk if it comes through a pipe."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile() as file:
        shutil.copyfileobj(stream, file, 1 << 20)
        file.seek(0)
        yield cast("BinaryIO", file)
