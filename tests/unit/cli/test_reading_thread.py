"""A thread that waits for a pipe is known by its name, so that the command ends past it."""

from threading import Event, Thread

from foreseen.entrypoints.batch.reading_thread import READING, is_reading


def test_a_thread_that_reads_is_seen_until_it_ends() -> None:
    free = Event()
    thread = Thread(target=free.wait, name=READING, daemon=True)
    before = is_reading()
    thread.start()
    during = is_reading()
    free.set()
    thread.join(60)

    assert (before, during, is_reading()) == (False, True, False)
