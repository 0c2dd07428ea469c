"""A file that appears whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import BinaryIO, Final

from foreseen.adapters.spool.disk.disk_calls import permissions
from foreseen.adapters.spool.disk.waiting_writer import waited_for
from foreseen.domain.errors import UnwritableError

_STREAMS: Final = ("/dev", "/dev/fd", "/proc/self/fd")
"""Folders whose entries are open descriptors, even where one is of a regular file."""


@contextmanager
def whole_file(path: Path, is_left: Event | None = None) -> Iterator[BinaryIO]:
    """Open a file that gets its name when the block ends without an error, and is removed otherwise.

    A file that replaces another gets its permissions; a link is followed, and its target replaced.

    An existing path that is not a regular file, such as a pipe or /dev/null, is written to in place: replacing it would
    take it away from its other users.

    Args:
        is_left: set when the run is over, after which a write no longer waits for the reader of a pipe; None to wait
            without end.
    Raises:
        UnwritableError: it cannot be written.
    """
    if is_stream(path):
        with translated_write_errors(str(path)), path.open("wb") as file:
            yield waited_for(file, is_left or Event())
        return
    with translated_write_errors(str(path)):
        path = Path(os.path.realpath(path)) if path.is_symlink() else path
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            mode = permissions(path)
            unfinished.chmod(0o666 & ~_umask() if mode is None else mode)
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


def is_stream(path: Path) -> bool:
    """Return whether a path is read or written in place: a pipe, a device, or a descriptor of this process."""
    try:
        is_none_of_ours = path.exists() and not path.is_file()
    except OSError:  # a name that no file can have; opening it raises again
        is_none_of_ours = False
    return is_none_of_ours or str(path.parent) in _STREAMS


@contextmanager
def translated_write_errors(name: str) -> Iterator[None]:
    """Raise UnwritableError for an OSError, except BrokenPipeError: a reader that closes is not a fault of the file."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise UnwritableError(f"{name}: cannot be written: {exc.strerror or exc}") from exc


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
