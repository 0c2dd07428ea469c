"""The pipe between a model's process and its parent."""

import multiprocessing
from collections.abc import Iterator
from threading import Thread
from typing import Any

import numpy as np
import pytest

from foreseen.adapters.predictor.subprocess.pipe import Pipe


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, Pipe]]:
    ours, theirs = map(Pipe, multiprocessing.Pipe())
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    "columns",
    [
        (np.arange(3.0),),
        (np.arange(100_000.0), np.array(["a", None], dtype=object), np.zeros(0)),
        tuple(np.full(600, number) for number in range(1500)),
        (np.arange(6000.0).reshape(1000, 6), np.arange(6000.0).reshape(6, 1000).T, np.arange(2000.0)[::2]),
    ],
    ids=["small", "large and empty", "more than one call writes", "several numbers a row"],
)
def test_arrays_arrive_as_they_were_and_can_be_written_to(
    ends: tuple[Pipe, Pipe], columns: tuple[np.ndarray, ...]
) -> None:
    ours, theirs = ends
    sending = Thread(target=ours.send, args=((7, columns),))  # more than the system holds waits for the reader
    sending.start()
    message: Any = theirs.receive()
    number, received = message
    sending.join()

    assert number == 7
    for sent, found in zip(columns, received, strict=True):
        np.testing.assert_array_equal(found, sent)
        assert found.dtype == sent.dtype
        assert found.flags.writeable


def test_messages_keep_their_order_and_their_bounds(ends: tuple[Pipe, Pipe]) -> None:
    ours, theirs = ends
    messages = [None, {"a": 1}, np.arange(1000.0), "text", b""]
    for message in messages:
        ours.send(message)
    assert repr([theirs.receive() for _ in messages]) == repr(messages)
    assert not theirs.has_message(0)


def test_a_closed_end_is_the_end_of_all_messages(ends: tuple[Pipe, Pipe]) -> None:
    ours, theirs = ends
    ours.send("the last")
    ours.close()
    assert theirs.receive() == "the last"
    with pytest.raises(EOFError):
        theirs.receive()
    with pytest.raises(OSError, match="closed"):
        ours.send("one more")
