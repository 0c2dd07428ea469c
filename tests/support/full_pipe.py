"""Pipes that are full, as standard error is whose reader has stopped."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def full_pipe() -> Iterator[tuple[int, int]]:
    """Make a pipe that has no room, and return its ends, until the block ends: for reading, for writing."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    for size in (65_536, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(writer, b" " * size)
    os.set_blocking(writer, True)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


def read_all(reader: int) -> bytes:
    """Return what is in a pipe now."""
    found = b""
    with suppress(BlockingIOError):
        while part := os.read(reader, 65_536):
            found += part
    return found.strip(b" ")
