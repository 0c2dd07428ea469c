"""Access log: a line for each request, written by a separate thread, so that no answer waits for it."""

import asyncio
import json
import logging
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Final, NamedTuple

from foreseen.domain.counters import LINES_DROPPED, Tally
from foreseen.entrypoints.http.origins.client_addresses import shown_address
from foreseen.entrypoints.http.request_log.request_ids import trace_id
from foreseen.entrypoints.log_stream import RawOutput
from foreseen.entrypoints.one_line import one_line
from foreseen.entrypoints.operator_lines import lines_are_json
from foreseen.settings import Settings

log = logging.getLogger(__name__)

MAX_LINES: Final = 20_000
"""Maximum queued lines; beyond it, the newest are dropped and counted."""

MAX_PATH: Final = 1000
"""Most bytes of a path to keep, so that queued lines take a few megabytes at most."""

GATHERED_S: Final = 0.05
"""Seconds for which lines are collected before they are written: waking the writer costs as much as twenty lines."""

ENDING_S: Final = 2.0
"""Most seconds to write queued lines when the service stops, since their reader may have stopped before."""

_WRITTEN_AT_ONCE: Final = 4000
"""Most bytes of one write: up to 4096, a pipe does not mix the writes of several workers."""

_LOGGER: Final = "foreseen.access"


class AccessLine(NamedTuple):
    """The raw facts of an answered request; the line is formatted later, in the background.

    Attributes:
        at: time of the answer, seconds since 1970.
        method: empty, like the path, if it was not read.
        path: as sent, without the query, which holds instances.
        duration_ns: None if the time of arrival is unknown.
        size: bytes of the answer's body.
        tier: the tier that a prediction came from; None for other answers.
    """

    at: float
    method: str
    path: bytes
    status: int
    duration_ns: int | None
    size: int
    client: tuple[str, int] | None
    request_id: bytes
    traceparent: bytes | None
    tier: str | None


class AccessLog:
    """A bounded queue of lines, and the thread that writes them."""

    def __init__(self, tally: Tally, write: Callable[[str], None] | None = None) -> None:
        """Accept the tally that counts dropped lines, and a function that writes text; by default to standard error."""
        self._tally = tally
        self._write = write or RawOutput(sys.stderr).write
        self._lines: deque[AccessLine] = deque()
        self._has_some = Event()
        self._ends = Event()
        self._thread: Thread | None = None

    def add(self, line: AccessLine) -> None:
        """Queue a line; called on the event loop."""
        if len(line.path) > MAX_PATH or len(line.traceparent or b"") > MAX_PATH:
            line = line._replace(path=line.path[:MAX_PATH], traceparent=None)
        if len(self._lines) >= MAX_LINES:
            self._tally.counts[LINES_DROPPED] += 1
            return
        self._lines.append(line)
        if not self._has_some.is_set():
            self._has_some.set()
            if self._thread is None:
                self._start()

    def close(self) -> None:
        """Write the remaining lines, for `ENDING_S` at most; lines must not be added after this."""
        self._ends.set()
        self._has_some.set()
        if self._thread is not None:
            self._thread.join(ENDING_S)

    def _start(self) -> None:
        thread = Thread(target=self._run, name="access log", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads can be started: the next line tries again
            self._has_some.clear()
        else:
            self._thread = thread

    def _run(self) -> None:
        warned_of = self._tally.counts[LINES_DROPPED]
        while True:
            self._has_some.wait()
            self._ends.wait(GATHERED_S)
            self._has_some.clear()
            is_last = self._ends.is_set()
            for text in _chunks(self._worded()):
                self._write(text)
            dropped = self._tally.counts[LINES_DROPPED]
            if dropped > warned_of:
                log.warning("%d lines of the access log were dropped: standard error is too slow", dropped - warned_of)
                warned_of = dropped
            if is_last:
                return

    def _worded(self) -> Iterator[str]:
        is_json = lines_are_json()
        while self._lines:
            line = self._lines.popleft()
            yield _as_json(line) if is_json else _as_text(line)


@asynccontextmanager
async def open_access_log(settings: Settings, tally: Tally) -> AsyncIterator[AccessLog | None]:
    """Yield the access log, or None if it is off; write its remaining lines when the block ends."""
    if settings.access_log == "off":
        yield None
        return
    access_log = AccessLog(tally)
    try:
        yield access_log
    finally:
        await asyncio.to_thread(access_log.close)


def _chunks(lines: Iterator[str]) -> Iterator[str]:
    """Join lines into texts of at most `_WRITTEN_AT_ONCE` bytes, unless one line is longer."""
    text, size = "", 0
    for line in lines:
        added = len(line.encode()) + 1
        if text and size + added > _WRITTEN_AT_ONCE:
            yield text
            text, size = "", 0
        text += line + "\n"
        size += added
    if text:
        yield text


def _fields(line: AccessLine) -> dict[str, object]:
    trace = None if line.traceparent is None else trace_id([(b"traceparent", line.traceparent)])
    fields = {
        "duration_ms": None if line.duration_ns is None else round(line.duration_ns / 1e6, 3),
        "bytes": line.size,
        "client": shown_address(line.client[0]) if line.client else None,
        "tier": line.tier,
        "request_id": line.request_id.decode("ascii"),
        "trace_id": trace,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _as_json(line: AccessLine) -> str:
    path = line.path.decode("latin-1")
    request = {"method": line.method or None, "path": path or None, "status": line.status}
    rest = {"level": "info", "logger": _LOGGER, "timestamp": _timestamp(line)}
    return json.dumps({"event": "request"} | request | _fields(line) | rest)


def _as_text(line: AccessLine) -> str:
    said = " ".join(f"{name}={value}" for name, value in _fields(line).items())
    path = line.path.decode("latin-1").replace(" ", "%20")
    return one_line(
        f"{_timestamp(line)} [info     ] {line.method or '-'} {path or '-'} {line.status} [{_LOGGER}] {said}"
    )


def _timestamp(line: AccessLine) -> str:
    return datetime.fromtimestamp(line.at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
