"""CheckedReader: reads a file a second time, and verifies that each block is what it was the first time."""

import io
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from foreseen.domain.errors import ModelUnavailableError

BLOCK_BYTES: Final = 2**20


def block_digests(file: BinaryIO) -> list[bytes]:
    """Return the SHA-256 of each block of a file, from its current position to its end."""
    return [sha256(block).digest() for block in iter(lambda: file.read(BLOCK_BYTES), b"")]


class CheckedReader(io.RawIOBase):
    """Reads an open file, and compares every block with its digest before a byte of it is returned.

    So what was digested is what is loaded, whatever is written into the file meanwhile, and only one block of it is in
    memory at a time.
    """

    def __init__(self, file: BinaryIO, digests: Sequence[bytes], *, size: int, path: Path) -> None:
        """Accept a file and what `block_digests` returned for it."""
        self._file = file
        self._digests = digests
        self._size = size
        self._path = path
        self._place = 0
        self._number = -1
        self._block = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position in bytes, and return it."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as the current block allows; return the number of bytes, 0 at the end.

        Raises:
            ModelUnavailableError: the file has changed.
        """
        number, start = divmod(self._place, BLOCK_BYTES)
        if self._place >= self._size:
            return 0
        if number != self._number:
            self._block, self._number = self._checked(number), number
        part = self._block[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)

    def _checked(self, number: int) -> bytes:
        self._file.seek(number * BLOCK_BYTES)
        block = self._file.read(min(BLOCK_BYTES, self._size - number * BLOCK_BYTES))
        if sha256(block).digest() != self._digests[number]:
            raise ModelUnavailableError(
                f"{self._path}: expected a file that does not change while it is loaded, got different content; "
                "try: write the new model beside it and rename it"
            )
        return block
