"""Lines of the log wait in a queue for their reader, and nothing waits with them."""

import logging
import os
import sys
from collections.abc import Iterator
from io import StringIO
from threading import Thread
from typing import TextIO

import pytest

from foreseen.entrypoints import log_stream as log_streams
from foreseen.entrypoints.log_stream import LogStream, RawOutput, drain_log, log_stream
from foreseen.entrypoints.logs import configure_logs
from foreseen.entrypoints.operator_lines import write_line
from foreseen.settings import Settings
from support.command_in_process import own_logs
from support.full_pipe import full_pipe, read_all

READ_S = 60.0


@pytest.fixture
def stuck() -> Iterator[tuple[int, TextIO]]:
    """The reading end of a pipe without room, and a stream that writes to it."""
    with full_pipe() as (reader, writer), os.fdopen(os.dup(writer), "w", encoding="utf-8") as stream:
        yield reader, stream


def test_lines_wait_for_a_reader_and_come_in_order(
    stuck: tuple[int, TextIO], capsys: pytest.CaptureFixture[str]
) -> None:
    reader, stream = stuck
    with own_logs():
        configure_logs(Settings(), LogStream(RawOutput(stream)))
        logging.getLogger("a").warning("one")
        write_line("two")
        stuck_stream = log_stream()
        assert stuck_stream is not None
        stuck_stream.drain(0.01)  # ends, as a process does
        found = read_all(reader)
        drain_log()
        found += read_all(reader)

    one, two = found.decode().splitlines()
    assert ("one" in one, two) == (True, "foreseen: two")
    assert capsys.readouterr() == ("", "")


def test_lines_beyond_those_that_may_wait_are_dropped_and_counted(
    stuck: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log_streams, "MAX_LINES", 10)
    reader, stream = stuck
    written = LogStream(RawOutput(stream))
    written.write("first\n")
    written.drain(0.01)
    for number in range(15):
        written.write(f"{number}\n")
    found = read_all(reader)
    written.drain(READ_S)
    written.drain(READ_S)

    lines = (found + read_all(reader)).decode().split()
    assert lines == ["first", *map(str, range(len(lines) - 1))]
    assert caplog.messages == [f"{16 - len(lines)} lines of the log were dropped: standard error is too slow"]


def test_a_closed_reader_costs_one_line_only() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stream:
        written = LogStream(RawOutput(stream))
        for _ in range(3):
            written.write("x\n")
            written.drain(READ_S)


@pytest.mark.parametrize("blocks", [True, False])
def test_a_long_text_is_written_whole_to_any_pipe(blocks: bool) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, blocks)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        written = LogStream(RawOutput(stream))
        written.write("ü" * 100_000)
        found = b""
        while len(found) < 200_000:
            found += os.read(reader, 65_536)
    os.close(reader)

    assert found.decode() == "ü" * 100_000


def test_a_process_that_is_forked_writes_its_own_lines() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        written = LogStream(RawOutput(stream))
        written.write("parent\n")
        written.drain(READ_S)
        if not (pid := os.fork()):
            try:
                written.write("child\n")
                written.drain(READ_S)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
    with os.fdopen(reader) as found:
        assert found.read() == "parent\nchild\n"


def test_lines_wait_until_there_is_room_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    found = StringIO()
    written = LogStream(RawOutput(found))
    with monkeypatch.context() as full:
        full.setattr(Thread, "start", no_room)
        written.write("one ")
    written.write("two")
    written.drain(READ_S)

    assert found.getvalue() == "one two"


def test_a_stream_that_is_no_file_is_written_to() -> None:
    stream = StringIO()

    RawOutput(stream).write("ü")

    assert stream.getvalue() == "ü"


def test_without_a_standard_error_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)

    RawOutput(sys.stderr).write("x")
