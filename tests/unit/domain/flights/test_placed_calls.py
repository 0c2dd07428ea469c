"""A model's calls, on its thread and on the event loop."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from foreseen.domain.counters import CALLS_ON_LOOP, Tally
from foreseen.domain.errors import PredictionError
from foreseen.domain.flights.placed_calls import PlacedCalls
from foreseen.domain.identity.entry import Entry
from foreseen.domain.model.call_placement import SIZES
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.values.batch import Batch
from support.fakes import FLOWER, Clock

COSTS = [(40e-6, 150e-6)] * len(SIZES)
Compute = Callable[[Batch], Sequence[Entry]]


def flower() -> Batch:
    return Batch.of(FLOWER, {"length": [1.0], "width": [0.5]})


def answering(name: bytes, before: Callable[[], object] = lambda: None) -> Compute:
    """Return a model that answers with its name and the thread that calls it."""

    def compute(batch: Batch) -> list[Entry]:
        before()
        return [Entry(name + b" %d" % threading.get_ident(), 0, 0)] * len(batch)

    return compute


@pytest.fixture
def thread() -> Iterator[ModelThread]:
    thread = ModelThread()
    yield thread
    thread.close()


async def where(calls: PlacedCalls, rows: int = 1) -> str:
    """Return the model that answers the next call, and whether on this thread."""
    name, ident = (await calls.run(rows, flower))[0].body.split()
    return f"{name.decode()}, {'on the loop' if int(ident) == threading.get_ident() else 'beside it'}"


def stopped() -> float:
    return 0.0


async def test_calls_run_beside_the_loop_until_they_are_opened(thread: ModelThread) -> None:
    tally = Tally()
    calls = PlacedCalls(answering(b"there"), thread, tally=tally, stopwatch=stopped, cpu_clock=stopped)
    assert await where(calls) == "there, beside it"

    calls.open(answering(b"here"), COSTS)

    assert await where(calls) == "here, on the loop"
    assert await where(calls, SIZES[-1] + 1) == "there, beside it"
    assert tally.counts[CALLS_ON_LOOP] == 1
    calls.close()
    assert await where(calls) == "there, beside it"


async def test_after_a_slow_call_the_process_is_used(thread: ModelThread) -> None:
    clock, slow = Clock(), []
    calls = PlacedCalls(
        answering(b"there"),
        thread,
        stopwatch=clock,
        cpu_clock=clock,
        on_slow_call=lambda rows, seconds: slow.append((rows, seconds)),
    )
    calls.open(answering(b"here", before=lambda: clock.pass_s(2.0)), COSTS)

    assert await where(calls) == "here, on the loop"
    assert await where(calls) == "there, beside it"
    assert slow == [(1, 2.0)]


async def test_a_slow_call_that_fails_counts_as_well(thread: ModelThread) -> None:
    clock = Clock()

    def fail() -> None:
        clock.pass_s(2.0)
        raise PredictionError("broken")

    calls = PlacedCalls(answering(b"there"), thread, stopwatch=clock, cpu_clock=clock)
    calls.open(answering(b"here", before=fail), COSTS)

    with pytest.raises(PredictionError, match="broken"):
        await calls.run(1, flower)
    assert await where(calls) == "there, beside it"


async def test_an_exit_on_the_loop_fails_one_call(thread: ModelThread) -> None:
    def leave() -> None:
        raise SystemExit("enough")

    calls = PlacedCalls(answering(b"there"), thread, stopwatch=stopped, cpu_clock=stopped)
    calls.open(answering(b"here", before=leave), COSTS)

    with pytest.raises(PredictionError, match="the model failed: SystemExit: enough"):
        await calls.run(1, flower)


async def test_an_abandoned_model_runs_nothing_on_the_loop(thread: ModelThread) -> None:
    calls = PlacedCalls(answering(b"there"), thread, stopwatch=stopped, cpu_clock=stopped)
    calls.open(answering(b"here"), COSTS)
    thread.abandon("the service stops")

    with pytest.raises(PredictionError, match="the service stops"):
        await calls.run(1, flower)


async def test_opening_is_due_once_after_so_many_calls(thread: ModelThread) -> None:
    calls, begun = PlacedCalls(answering(b"there"), thread, stopwatch=stopped), []
    calls.open_when_due(lambda: begun.append("begun"), after=3)

    for expected in (0, 0, 1, 1):
        await calls.run(1, flower)
        assert len(begun) == expected


async def test_dear_or_large_calls_never_make_it_due(thread: ModelThread) -> None:
    clock, begun = Clock(), []
    calls = PlacedCalls(answering(b"there", before=lambda: clock.pass_s(0.003)), thread, stopwatch=clock)
    calls.open_when_due(lambda: begun.append("begun"), after=1)
    large = PlacedCalls(answering(b"there"), thread, stopwatch=stopped)
    large.open_when_due(lambda: begun.append("begun"), after=1)

    await calls.run(1, flower)
    await large.run(65, flower)
    assert begun == []
