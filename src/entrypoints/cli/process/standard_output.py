"""Standard output for the command alone: what a model prints there, from Python or C, goes to standard error."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from foreseen.domain.tables.file_urls import local_path
from foreseen.settings import SettingsError

_STANDARD: Final = "-"
_OUT: Final = 1
_ERR: Final = 2
"""Descriptors to which C libraries write directly."""
_NAMES: Final = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""File names that mean the descriptor of standard output."""


@contextmanager
def own_standard_output() -> Iterator[TextIO]:
    """Yield the stream for the command's output; until the block ends, `print` writes to standard error.

    Descriptor 1 leads to standard error until the process ends, since C libraries flush their buffers only then.
    """
    _occupy_closed()
    theirs: TextIO | None = sys.stdout
    ours = _set_apart(theirs)
    sys.stdout = sys.stderr
    try:
        yield ours
        ours.flush()
    finally:
        sys.stdout = theirs


def reached_through(ours: TextIO, path: str, *, flag: str = "--output") -> str:
    """Return the path of a file to write, in which names of standard output are replaced by that of `ours`.

    Args:
        flag: the option that names the file.
    Raises:
        SettingsError: the name is empty, as with an unset shell variable, or contains a NUL.
    """
    if not path:
        raise SettingsError(f"{flag}: expected the name of a file, got nothing")
    path = local_path(path)
    if "\0" in path:  # as `%00` in a URL is
        raise SettingsError(f"{flag}: expected the name of a file, got one with a NUL in it")
    if path in _NAMES and _has_descriptor(ours):
        return f"/dev/fd/{ours.fileno()}"
    return path


def beside_output(ours: TextIO, path: str | None, *, output: str, flag: str) -> str | None:
    """Return the path of a second file to write; `-` is standard output.

    Raises:
        SettingsError: the name is empty or contains a NUL, or the output goes to standard output already.
    """
    if path is None:
        return None
    if path != _STANDARD:
        return reached_through(ours, path, flag=flag)
    if output == _STANDARD:
        raise SettingsError(f"{flag}: expected a file, since the output goes to standard output")
    return reached_through(ours, _NAMES[0])


def _set_apart(stream: TextIO | None) -> TextIO:
    """Return a stream with a copy of standard output's descriptor, and redirect the original to standard error."""
    if stream is None:  # closed, as it may be for a service that was started at boot
        return Path(os.devnull).open("w")
    if not _has_descriptor(stream) or stream.fileno() != _OUT:
        return stream
    stream.flush()
    # Above the numbers of the standard streams, one of which may be closed and so free.
    apart = fcntl.fcntl(_OUT, fcntl.F_DUPFD_CLOEXEC, _ERR + 1)
    _send_output_to_errors()
    return os.fdopen(apart, "w", encoding=stream.encoding, errors=stream.errors)


def _occupy_closed() -> None:
    """Open closed standard descriptors, so that no file of ours gets such a number, to which libraries would write."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= _ERR:
        pass
    os.close(handle)


def _has_descriptor(stream: TextIO) -> bool:
    """Return whether a stream has a file descriptor, unlike a replacement in memory."""
    try:
        stream.fileno()
    except (OSError, ValueError):
        return False
    return True


def _send_output_to_errors() -> None:
    """Redirect the descriptor of standard output to standard error, or to nowhere if that is closed."""
    try:
        os.dup2(_ERR, _OUT)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), _OUT)
