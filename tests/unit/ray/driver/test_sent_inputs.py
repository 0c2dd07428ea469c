"""What actors are sent: inputs in their order, and parts as tasks yield them."""

from collections.abc import Callable, Iterator
from functools import partial

from foreseen.entrypoints.ray.driver.sent_inputs import Inputs, ReadParts


def tasks(started: list[int], *parts: int) -> Iterator[Callable[[], Iterator[str]]]:
    """Return tasks that each yield a number of parts, and record when they are started."""

    def begin(number: int, count: int) -> Iterator[str]:
        started.append(number)
        return iter([f"{number}-{part}" for part in range(count)])

    return (partial(begin, number, count) for number, count in enumerate(parts))


def test_inputs_are_read_until_none_remains() -> None:
    sent = Inputs([b"1", b"0"])

    assert ([sent.take(), sent.is_over, sent.take()], sent.is_over, sent.take()) == ([b"1", False, b"0"], True, None)


def test_a_task_begins_where_another_one_ends() -> None:
    started: list[int] = []
    sent = ReadParts(tasks(started, 1, 2, 1), most=2)
    assert started == [0, 1]

    first, second = sent.reading
    sent.receive(second)
    sent.receive(first)
    assert [sent.take(), sent.take(), sent.take()] == ["1-0", "0-0", None]
    sent.receive(first)

    assert (started, len(sent.reading), sent.is_over) == ([0, 1, 2], 2, False)


def test_parts_end_when_each_is_read_and_taken() -> None:
    sent = ReadParts(tasks([], 1), most=2)
    (task,) = sent.reading
    sent.receive(task)
    sent.receive(task)
    assert not sent.is_over

    assert (sent.take(), sent.is_over) == ("0-0", True)


def test_no_inputs_are_no_parts() -> None:
    assert ReadParts(tasks([]), most=2).is_over
