"""Standard error: the one module that leaves out lines of libraries in C, for every process of ours."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile


@contextmanager
def standard_error_without(is_left_out: Callable[[bytes], bool]) -> Iterator[None]:
    """Leave out lines that the process writes to standard error within the block; others are written at its end.

    Other threads write there as well, so nothing may be lost but the lines that are meant.

    Args:
        is_left_out: whether a line is one of these.
    """
    kept = _copy_of_standard_error()
    if kept is None:
        yield
        return
    try:
        with TemporaryFile() as caught:
            _flush()
            os.dup2(caught.fileno(), 2)
            try:
                yield
            finally:
                _flush()
                os.dup2(kept, 2)
                caught.seek(0)
                for line in caught:
                    if not is_left_out(line):
                        _write(line)
    finally:
        os.close(kept)


def _copy_of_standard_error() -> int | None:
    try:
        return os.dup(2)
    except OSError:  # it is closed
        return None


def _flush() -> None:
    with suppress(OSError, ValueError, AttributeError):  # it is closed, or was when Python started
        sys.stderr.flush()


def _write(line: bytes) -> None:
    with suppress(OSError):  # its reader has closed it
        while line:
            line = line[os.write(2, line) :]
