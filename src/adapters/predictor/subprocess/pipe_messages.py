"""Pipe: what a process around a model and its parent tell each other, and how it goes over."""

import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any, Final

from foreseen.adapters.predictor.subprocess.pipe_blocks import read_blocks, write_blocks

_LEAST_APART: Final = 1 << 12
"""Bytes of an array from which it goes over as it lies in memory, and not as a copy within the message."""


@dataclass(frozen=True, slots=True)
class Order:
    """The first message, to the child: which model to load.

    Attributes:
        options: what `load_predictor` takes, by name.
        log_level: name of the least level that the parent logs.
        calls: batches that are answered side by side, for a file; 0 for one after the other, for a service.
    """

    options: Mapping[str, Any]
    log_level: str
    calls: int = 0


@dataclass(frozen=True, slots=True)
class LogLine:
    """What was logged in the child, for the parent to log as its own; with its traceback, as text."""

    logger: str
    level: int
    text: str
    traceback: str | None = None

    def record(self) -> logging.LogRecord:
        """Return the record of it."""
        record = logging.LogRecord(self.logger, self.level, "", 0, "%s", (self.text,), None)
        record.exc_text = self.traceback
        return record


class Pipe:
    """One end; messages are pickled, since only a process and the child that it started itself read them."""

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
        with self._sending:
            write_blocks(self._connection.fileno(), data, apart)

    def receive(self) -> Any:
        """Wait for a message; raise EOFError or OSError when the other end is closed."""
        data, apart = read_blocks(self._connection.fileno())
        return pickle.loads(data, buffers=apart)  # noqa: S301 - from our own child or parent

    def has_message(self, wait_s: float) -> bool:
        """Return whether a message, or the end of the pipe, arrives within some seconds."""
        return self._connection.poll(wait_s)

    def close(self) -> None:
        """Close this end; the other one raises EOFError."""
        self._connection.close()
