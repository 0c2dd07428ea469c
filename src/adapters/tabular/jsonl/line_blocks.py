"""A text in blocks of whole lines."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from foreseen.domain.errors import TableError

BLOCK_BYTES: Final = 2 << 20
LONGEST_LINE_BYTES: Final = 256 << 20


def line_blocks(stream: BinaryIO, *, name: str) -> Iterator[list[bytes]]:
    """Yield lists of lines without their ends, some megabytes at a time; the same text yields the same blocks.

    Raises:
        TableError: a line is longer than 256 MiB.
    """
    rest = b""
    while data := stream.read(BLOCK_BYTES):
        head, found, tail = data.rpartition(b"\n")
        if not found:
            rest += data
            if len(rest) > LONGEST_LINE_BYTES:
                raise TableError(f"{name}: expected lines of at most {LONGEST_LINE_BYTES >> 20} MiB, got a longer one")
            continue
        yield (rest + head).split(b"\n")
        rest = tail
    if rest:
        yield [rest]
