"""Standard output: the command's alone. What a model prints there, from Python or from C, goes to standard error."""

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
"""Descriptors that libraries write to past Python's own streams."""
_NAMES: Final = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""What the descriptor of standard output is called where a file is named."""


@contextmanager
def own_standard_output() -> Iterator[TextIO]:
    """Yield what the command writes its output to; until the block ends, `print` writes to standard error.

    The descriptor stays there until the process ends, since C libraries flush what they have buffered only then.
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
    """Return the path of a file to write; one that names standard output is that of the stream set apart.

    Args:
        flag: the option that names it.
    Raises:
        SettingsError: it has no name, as where a variable of the shell is not set, or one that no file can have.
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
    """Return the name of a file that is written beside the output; - is standard output.

    Raises:
        SettingsError: it has no name, or the output goes there already.
    """
    if path is None:
        return None
    if path != _STANDARD:
        return reached_through(ours, path, flag=flag)
    if output == _STANDARD:
        raise SettingsError(f"{flag}: expected a file, since the output goes to standard output")
    return reached_through(ours, _NAMES[0])


def _set_apart(stream: TextIO | None) -> TextIO:
    """Return a stream to where a stream leads, whose descriptor then leads to standard error."""
    if stream is None:  # closed, as services that are started at boot may have it
        return Path(os.devnull).open("w")
    if not _has_descriptor(stream) or stream.fileno() != _OUT:
        return stream
    stream.flush()
    # Above those of the standard streams, of which one may be closed.
    apart = fcntl.fcntl(_OUT, fcntl.F_DUPFD_CLOEXEC, _ERR + 1)
    _send_output_to_errors()
    return os.fdopen(apart, "w", encoding=stream.encoding, errors=stream.errors)


def _occupy_closed() -> None:
    """Open closed standard descriptors, lest a file of ours get such a number and libraries write to it."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= _ERR:
        pass
    os.close(handle)


def _has_descriptor(stream: TextIO) -> bool:
    """Return whether a stream has a file descriptor, and is no replacement in memory."""
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
