"""A file that is there whole or not at all."""

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
"""Where names are not those of files, even if a file is behind them."""


@contextmanager
def whole_file(path: Path, is_left: Event | None = None) -> Iterator[BinaryIO]:
    """Open a file that takes its name when the block ends well, and leaves nothing when it does not.

    One that replaces another has its permissions, and where that is a link, takes the place of what that leads to.

    What is there and no file, such as a pipe or /dev/null, is written to as it stands: a file in its place would take
    it away from everybody else.

    Args:
        is_left: says that the run is over, which waits for no reader of a pipe then; None for one that does.
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
    """Tell whether it is to be read or written as it stands: a pipe, a device, what another process has open."""
    try:
        is_none_of_ours = path.exists() and not path.is_file()
    except OSError:  # a name that no file can have, which what opens it says
        is_none_of_ours = False
    return is_none_of_ours or str(path.parent) in _STREAMS


@contextmanager
def translated_write_errors(name: str) -> Iterator[None]:
    """Word what the system says of a file that cannot be written; that a pipe's reader has left is no fault."""
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
