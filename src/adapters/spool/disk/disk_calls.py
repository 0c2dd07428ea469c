"""The system calls by which results become durable: one method each, so that a test can stand between any two."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_OURS: Final = stat.S_IRUSR | stat.S_IWUSR
_NOT_HERE: Final = (errno.EINVAL, errno.EACCES, errno.ENOTSUP)
"""What file systems say that cannot make a folder durable, or folders that may be entered and not listed."""


def permissions(path: Path | None) -> int | None:
    """Return the permissions of a file; None where there is none."""
    try:
        return stat.S_IMODE(path.stat().st_mode) if path else None
    except FileNotFoundError:
        return None


class Disk:
    """Files that are appended to, cut, renamed and made durable; every method raises OSError.

    No link is followed: in a folder that others may write to, a name could be another user's link to anywhere.
    """

    def create(self, path: Path, *, replaces: Path | None = None) -> int:
        """Create an empty file; raise FileExistsError if the name is taken.

        Args:
            replaces: the file that it will replace, whose permissions it gets, together with ours to read and write
                it; without one it gets the permissions of any new file.
        """
        mode = permissions(replaces)
        if mode is None:
            return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        handle = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, _OURS)
        os.fchmod(handle, mode | _OURS)  # what the mask would have taken from it
        return handle

    def open(self, path: Path) -> int:
        """Open an existing file."""
        return os.open(path, _FLAGS)

    def append(self, handle: int, data: bytes | memoryview) -> None:
        """Write all data at the end; after an error, a part may have been written."""
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]

    def sync(self, handle: int) -> None:
        """Make all writes durable."""
        os.fsync(handle)

    def cut(self, handle: int, size: int) -> None:
        """Truncate to a size in bytes."""
        os.ftruncate(handle, size)

    def copy_permissions(self, source: Path, path: Path) -> None:
        """Set the permissions of a file to those of another one."""
        mode = permissions(source)
        if mode is not None:
            path.chmod(mode)

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file durably, replacing any file of the new name."""
        old.replace(new)
        self.sync_folder(new)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)

    def sync_folder(self, path: Path) -> None:
        """Make the names in the folder of a file durable, where its file system can."""
        try:
            handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:
            return
        try:
            os.fsync(handle)
        except OSError as exc:
            if exc.errno not in _NOT_HERE:
                raise
        finally:
            with suppress(OSError):
                os.close(handle)
