"""Log stream: standard error as a service writes it: nothing waits for its reader, even one that has stopped."""

import atexit
import logging
import os
import select
from queue import SimpleQueue
from threading import Event, Thread
from typing import Final, TextIO

log = logging.getLogger(__name__)

MAX_LINES: Final = 2_000
"""Lines that may wait to be written; of more, the newest are dropped and counted."""

ENDING_S: Final = 1.0
"""Seconds for what still waits when the process ends."""


class RawOutput:
    """A standard stream past its buffer, so that a flush of that does not wait for a write that is under way here."""

    def __init__(self, stream: TextIO | None) -> None:
        """Accept the stream; None where it was closed when Python started."""
        self._stream = stream

    def write(self, text: str) -> None:
        """Write all of a text, however long its reader takes; not at all once it has left."""
        if self._stream is None:
            return
        try:
            if (buffer := getattr(self._stream, "buffer", None)) is None:  # no file, as in a notebook
                self._stream.write(text)
                return
            raw = getattr(buffer, "raw", buffer)
            left = memoryview(text.encode(self._stream.encoding, "backslashreplace"))
            while left:
                written = raw.write(left)
                if written is None:  # who has started us had the pipe not block
                    select.select([], [raw], [])
                left = left[written or 0 :]
        except (OSError, ValueError):  # its reader has left, or it is closed
            return


class LogStream:
    """What a handler of the log writes to: a bounded queue, and a thread that writes what is in it.

    The queue is one that a signal may interrupt, in whose handler a line is logged.
    """

    def __init__(self, output: RawOutput) -> None:
        """Accept where it is written in the end; what waits then when the process ends, is written for a while."""
        self._output = output
        self._waiting: SimpleQueue[str | Event] = SimpleQueue()
        self._thread: Thread | None = None
        self._dropped = 0
        atexit.register(self.drain)
        os.register_at_fork(after_in_child=self._begin_again)

    def write(self, text: str) -> int:
        """Have a text written soon."""
        if self._waiting.qsize() >= MAX_LINES:
            self._dropped += 1
        else:
            self._waiting.put(text)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="log", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # no room for one more thread: the next line tries again
                    self._thread = None
        return len(text)

    def flush(self) -> None:
        """Return at once: the thread writes all that it takes."""

    def drain(self, limit_s: float = ENDING_S) -> None:
        """Wait until what waits now is written, no longer than so many seconds."""
        if self._thread is not None:
            is_written = Event()
            self._waiting.put(is_written)
            is_written.wait(limit_s)

    def _begin_again(self) -> None:
        """Have a thread in a process that a library has forked: that of its parent is not in there."""
        self._waiting, self._thread = SimpleQueue(), None

    def _run(self) -> None:
        while True:
            taken = self._waiting.get()
            if isinstance(taken, Event):
                taken.set()
            else:
                self._output.write(taken)
            if self._dropped and self._waiting.empty():
                dropped, self._dropped = self._dropped, 0
                log.warning("%d lines of the log were dropped: standard error is too slow", dropped)


def log_stream() -> LogStream | None:
    """Return what the log of this process is written to, where nothing waits for that."""
    streams = (getattr(handler, "stream", None) for handler in logging.getLogger().handlers)
    return next((stream for stream in streams if isinstance(stream, LogStream)), None)


def drain_log() -> None:
    """Wait a moment for the log to be written, before a process ends that runs no exit handlers."""
    if (stream := log_stream()) is not None:
        stream.drain()
