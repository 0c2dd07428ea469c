"""SpoolFile: a file that is appended to, and cut back to what is known to be durable."""

import os
import zlib
from pathlib import Path
from typing import Final

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.adapters.spool.journal.journal import Extent
from foreseen.domain.errors import TableError

_BLOCK_BYTES: Final = 1 << 20


class SpoolFile:
    """Rows under a name that is not yet the final one.

    Attributes:
        extent: how much was appended, and its checksum.
    """

    def __init__(self, disk: Disk, path: Path, handle: int, extent: Extent) -> None:
        self.extent = extent
        self._disk = disk
        self._path = path
        self._handle = handle
        self._is_durable = False

    @classmethod
    def created(cls, disk: Disk, path: Path, *, replaces: Path) -> "SpoolFile":
        """Create an empty file, whose name is durable; `replaces` is the file that it will replace."""
        handle = disk.create(path, replaces=replaces)
        disk.sync_folder(path)
        return cls(disk, path, handle, Extent())

    @classmethod
    def reopened(cls, disk: Disk, path: Path, extent: Extent) -> "SpoolFile":
        """Open a file that an earlier run left, and cut off what follows its durable extent.

        Raises:
            TableError: it is missing, or not as that run left it.
        """
        try:
            handle = disk.open(path)
        except FileNotFoundError:
            raise TableError(f"{path}: expected the file of the unfinished run, got none") from None
        spool = cls(disk, path, handle, extent)
        try:
            spool._verify()
            disk.cut(handle, extent.size)
        except BaseException:
            spool.close()
            raise
        return spool

    def append(self, data: bytes | memoryview) -> None:
        """Append data; raise OSError if that fails."""
        self._is_durable = False
        self._disk.append(self._handle, data)
        self.extent = Extent(self.extent.size + len(data), zlib.crc32(data, self.extent.crc))

    def cut_back(self, extent: Extent) -> None:
        """Cut the file back to an earlier extent; raise OSError if that fails."""
        self._disk.cut(self._handle, extent.size)
        self.extent = extent
        self._is_durable = False

    def sync(self) -> None:
        """Make all appended data durable; raise OSError if that fails."""
        if not self._is_durable:
            self._disk.sync(self._handle)
            self._is_durable = True

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _verify(self) -> None:
        size, crc = 0, 0
        while size < self.extent.size:
            block = os.pread(self._handle, min(_BLOCK_BYTES, self.extent.size - size), size)
            if not block:
                raise TableError(f"{self._path}: expected at least {self.extent.size} bytes, got {size}")
            size, crc = size + len(block), zlib.crc32(block, crc)
        if crc != self.extent.crc:
            raise TableError(f"{self._path}: expected the file as the unfinished run left it, got other content")
