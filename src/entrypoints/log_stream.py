"""Log stream: standard error of a service, written by a thread, so that nothing else waits for its reader."""

import atexit
import logging
import os
import select
from queue import SimpleQueue
from threading import Event, Thread
from typing import Final, TextIO

log = logging.getLogger(__name__)

MAX_LINES: Final = 2_000
"""Maximum queued lines; beyond it, the newest are dropped and counted."""

ENDING_S: Final = 1.0
"""Seconds that an ending process waits for queued lines to be written."""


class RawOutput:
    """A standard stream without its buffer, so that a flush of that does not wait for a write in progress here."""

    def __init__(self, stream: TextIO | None) -> None:
        """Accept the stream; None where it was closed when Python started."""
        self._stream = stream

    def write(self, text: str) -> None:
        """Write all of a text, however long its reader takes; drop the rest if the reader has closed it."""
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
                if written is None:  # the parent process made the pipe non-blocking
                    select.select([], [raw], [])
                left = left[written or 0 :]
        except (OSError, ValueError):  # its reader has closed it, or we have
            return


class LogStream:
    """The stream of a log handler: a bounded queue, and a thread that writes what is in it.

    A SimpleQueue is reentrant, so a signal handler that interrupts it may log as well.
    """

    def __init__(self, output: RawOutput) -> None:
        """Accept the output; at the end of the process, queued lines get `ENDING_S` seconds to be written."""
        self._output = output
        self._waiting: SimpleQueue[str | Event] = SimpleQueue()
        self._thread: Thread | None = None
        self._dropped = 0
        atexit.register(self.drain)
        os.register_at_fork(after_in_child=self._begin_again)

    def write(self, text: str) -> int:
        """Queue a text, or drop it if the queue is full; return its length."""
        if self._waiting.qsize() >= MAX_LINES:
            self._dropped += 1
        else:
            self._waiting.put(text)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="log", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:  # no more threads can be started: the next line tries again
                    self._thread = None
        return len(text)

    def flush(self) -> None:
        """Do nothing: the thread writes each text at once."""

    def drain(self, limit_s: float = ENDING_S) -> None:
        """Wait until all lines queued so far are written, `limit_s` seconds at most."""
        if self._thread is not None:
            is_written = Event()
            self._waiting.put(is_written)
            is_written.wait(limit_s)

    def _begin_again(self) -> None:
        """Start over in a process that a library has forked, which lacks the parent's thread."""
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
    """Return the log stream of this process; None if its log goes to standard error directly."""
    streams = (getattr(handler, "stream", None) for handler in logging.getLogger().handlers)
    return next((stream for stream in streams if isinstance(stream, LogStream)), None)


def drain_log() -> None:
    """Wait briefly for the log to be written, before a process ends without its exit handlers."""
    if (stream := log_stream()) is not None:
        stream.drain()
