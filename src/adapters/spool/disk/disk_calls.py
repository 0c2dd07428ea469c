"""The system calls that make results durable: one method each, so that a test can fail any of them."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_OURS: Final = stat.S_IRUSR | stat.S_IWUSR
_CANNOT_SYNC: Final = (errno.EINVAL, errno.EACCES, errno.ENOTSUP)
"""Errors of file systems that cannot sync a folder, and of folders that may be entered but not listed."""


def permissions(path: Path | None) -> int | None:
    """Return the permissions of a file; None if there is none."""
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
            replaces: the file that it will replace: it gets the permissions of that file, and this user may read and
                write it; None for the permissions of any new file.
        """
        mode = permissions(replaces)
        if mode is None:
            return os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        handle = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, _OURS)
        os.fchmod(handle, mode | _OURS)  # the umask was applied as it was created
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
            if exc.errno not in _CANNOT_SYNC:
                raise
        finally:
            with suppress(OSError):
                os.close(handle)
