"""Blocks of bytes that go over a pipe together, each straight from where it lies to where it will."""

import os
import struct
from collections.abc import Callable, Sequence
from typing import Final

_HEAD: Final = struct.Struct("<QQ")
"""How many blocks follow the first, and how long that is: most messages are one block, and take two calls to read."""

_BLOCKS_AT_ONCE: Final = 512
"""Blocks of one system call; Linux and macOS accept twice as many."""


def write_blocks(fd: int, first: bytes, others: Sequence[memoryview] = ()) -> None:
    """Write blocks, their number and lengths before them; raise OSError when the other end is closed."""
    head = _HEAD.pack(len(others), len(first)) + struct.pack(f"<{len(others)}Q", *map(len, others))
    _move(os.writev, fd, [memoryview(head), memoryview(first), *others])


def read_blocks(fd: int) -> tuple[bytearray, list[bytearray]]:
    """Wait for blocks, and return the first and the others; raise EOFError or OSError when the other end is closed."""
    count, length = _HEAD.unpack(_read(fd, [_HEAD.size])[0])
    form = struct.Struct(f"<{count}Q")
    lengths, first = _read(fd, [form.size, length])
    return first, _read(fd, form.unpack(lengths))


def _read(fd: int, lengths: Sequence[int]) -> list[bytearray]:
    blocks = [bytearray(length) for length in lengths]
    _move(os.readv, fd, [memoryview(block) for block in blocks])
    return blocks


def _move(call: Callable[[int, Sequence[memoryview]], int], fd: int, views: Sequence[memoryview]) -> None:
    """Have all bytes of some blocks written or read, as many at a time as the system does."""
    left = [view for view in views if len(view)]
    begin = 0
    while begin < len(left):
        count = call(fd, left[begin : begin + _BLOCKS_AT_ONCE])
        if not count:
            raise EOFError
        while begin < len(left) and count >= len(left[begin]):
            count -= len(left[begin])
            begin += 1
        if count:
            left[begin] = left[begin][count:]
