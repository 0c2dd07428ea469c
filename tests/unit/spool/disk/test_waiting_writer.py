"""A stream that nothing reads keeps no run that is over."""

import io
import os
from threading import Event, Thread

import pytest

from foreseen.adapters.spool.disk.waiting_writer import WaitingWriter, waited_for

LARGE = bytes(1 << 20)


def test_everything_reaches_a_slow_reader() -> None:
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


def test_a_write_ends_with_the_run_and_waits_no_longer() -> None:
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


def test_a_file_without_a_waiting_reader_is_written_directly() -> None:
    held = io.BytesIO()
    assert waited_for(held, Event()) is held
