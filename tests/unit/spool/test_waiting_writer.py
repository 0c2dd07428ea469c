"""A stream that nothing reads keeps no run that is over."""

import io
import os
from threading import Event, Thread

import pytest

from foreseen.adapters.spool.disk.waiting_writer import WaitingWriter, waited_for

LARGE = bytes(1 << 20)


def test_all_of_it_reaches_a_reader_that_is_slow() -> None:
    reads, writes = os.pipe()
    data = os.urandom(200_000)
    found: list[bytes] = []

    def read() -> None:
        while piece := os.read(reads, 777):
            found.append(piece)

    reader = Thread(target=read)
    reader.start()
    writer = WaitingWriter(writes, Event())
    assert writer.write(data) == len(data)
    assert writer.tell() == len(data)
    os.close(writes)
    reader.join()
    os.close(reads)

    assert b"".join(found) == data


def test_a_write_ends_when_the_run_is_over_and_waits_for_nothing_after() -> None:
    reads, writes = os.pipe()
    is_left = Event()
    writer = WaitingWriter(writes, is_left)
    waiting = Thread(target=writer.write, args=(LARGE,), daemon=True)
    waiting.start()

    is_left.set()
    waiting.join()

    assert writer.write(LARGE) == len(LARGE)
    os.close(reads)
    os.close(writes)


def test_a_write_whose_reader_has_left_fails() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    writer = WaitingWriter(writes, Event())

    with pytest.raises(BrokenPipeError):
        writer.write(b"x")

    os.close(writes)


def test_what_no_reader_waits_behind_is_written_as_it_is() -> None:
    held = io.BytesIO()
    assert waited_for(held, Event()) is held
