"""Pipe: the messages between a model's process and its parent, and how they are sent.

A message is pickled. It is sent as blocks: two numbers, the lengths of the arrays outside the pickle, the pickle, and
those arrays, each without a copy.
"""

import logging
import os
import pickle
import select
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Lock
from typing import Final

from foreseen.adapters.predictor.subprocess.model_options import ModelOptions

_LEAST_APART: Final = 1 << 12
"""Bytes from which an array is sent without a copy, outside the pickle."""

_HEAD: Final = struct.Struct("<QQ")
"""The number of arrays outside the pickle, and its length: most messages have none, and take two calls to read."""

_BLOCKS_AT_ONCE: Final = 512
"""Blocks of one system call; Linux and macOS accept twice as many."""

_Block = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class Order:
    """The first message, to the child: which model to load.

    Attributes:
        options: what it is loaded with.
        log_level: name of the least level that the parent logs.
        calls: batches that are answered at a time, for a file; 0 for one after the other, for a service.
    """

    options: ModelOptions
    log_level: str
    calls: int = 0


@dataclass(frozen=True, slots=True)
class LogLine:
    """A record logged in the child, for the parent to log as its own; the traceback is text."""

    logger: str
    level: int
    text: str
    traceback: str | None = None

    def record(self) -> logging.LogRecord:
        """Return it as a record of the standard library."""
        record = logging.LogRecord(self.logger, self.level, "", 0, "%s", (self.text,), None)
        record.exc_text = self.traceback
        return record


class Pipe:
    """One end. Messages may be pickled, since only a process and the child that it started read them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = Lock()

    def send(self, message: object) -> None:
        """Send a message, from any thread; raise OSError when the other end is closed."""
        apart: list[memoryview] = []

        def is_within(buffer: pickle.PickleBuffer) -> bool:
            view = buffer.raw()
            if view.nbytes < _LEAST_APART:
                return True
            apart.append(view)
            return False

        data = pickle.dumps(message, protocol=5, buffer_callback=is_within)
        head = _HEAD.pack(len(apart), len(data)) + struct.pack(f"<{len(apart)}Q", *map(len, apart))
        with self._sending:
            _move(os.writev, self._connection.fileno(), [head, data, *apart])

    def receive(self) -> object:
        """Wait for a message; raise EOFError or OSError when the other end is closed."""
        fd = self._connection.fileno()
        head = bytearray(_HEAD.size)
        _move(os.readv, fd, [head])
        count, length = _HEAD.unpack(head)
        lengths, data = bytearray(8 * count), bytearray(length)
        _move(os.readv, fd, [lengths, data])
        apart = [bytearray(length) for length in struct.unpack(f"<{count}Q", lengths)]
        if apart:
            _move(os.readv, fd, apart)
        return pickle.loads(data, buffers=apart)  # noqa: S301 - from our own child or parent

    def has_message(self, wait_s: float) -> bool:
        """Return whether a message, or the end of the pipe, arrives within some seconds."""
        # Connection.poll takes ten times as long.
        poll = select.poll()
        poll.register(self._connection.fileno(), select.POLLIN)
        return bool(poll.poll(wait_s * 1000))

    def close(self) -> None:
        """Close this end; the other one raises EOFError."""
        self._connection.close()


def _move(call: Callable[[int, Sequence[memoryview]], int], fd: int, blocks: Sequence[_Block]) -> None:
    """Write or read all bytes of some blocks, as many at a time as the system accepts."""
    left = [memoryview(block) for block in blocks if len(block)]
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
