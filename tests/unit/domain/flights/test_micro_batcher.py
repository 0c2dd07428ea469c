"""Micro-batching: what waits while the model is busy goes into one call, and everybody gets their own rows' answers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from foreseen.domain.errors import CacheUnavailableError, InvalidBatchError, OverloadedError, PredictionError
from foreseen.domain.flights.coalescing import Flights
from foreseen.domain.flights.micro_batcher import MicroBatcher
from foreseen.domain.flights.placed_calls import PlacedCalls
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.model.call_placement import SIZES
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.values.batch import Batch
from support.event_loop_steps import other_tasks, settle
from support.fakes import FLOWER, DeadCache, DictCache
from support.time_limits import PATIENCE_S


def flowers(*lengths: float) -> Batch:
    return Batch.of(FLOWER, {"length": lengths, "width": [0.0] * len(lengths)})


class Model:
    """Answers each row with its length, remembers its calls, waits in each while it is held, and rejects 13."""

    def __init__(self) -> None:
        self.calls: list[list[float]] = []
        self.began = threading.Event()
        self.free = threading.Event()
        self.free.set()
        self.broken: Exception | None = None

    def __call__(self, batch: Batch) -> Sequence[Entry]:
        lengths = batch.columns[0].tolist()
        self.calls.append(lengths)
        self.began.set()
        assert self.free.wait(PATIENCE_S)
        if self.broken is not None:
            raise self.broken
        if 13 in lengths:
            raise InvalidBatchError([])
        return [Entry(b"%g" % length, 0, 0) for length in lengths]


@pytest.fixture
async def thread() -> AsyncIterator[ModelThread]:
    thread = ModelThread()
    yield thread
    thread.close()


def batcher(
    model: Model, thread: ModelThread, cache: DictCache | None = None, *, max_rows: int = 100, **limits: Any
) -> MicroBatcher:
    return MicroBatcher(PlacedCalls(model, thread), (cache or DictCache()).put_many, max_rows=max_rows, **limits)


def batcher_on_loop(model: Model, thread: ModelThread, **limits: Any) -> MicroBatcher:
    """Return one whose calls cost nothing on the event loop, and run there."""
    calls = PlacedCalls(model, thread, stopwatch=lambda: 0.0, cpu_clock=lambda: 0.0)
    calls.open(model, [(0.0, 1.0)] * len(SIZES))
    return MicroBatcher(calls, DictCache().put_many, max_rows=100, **limits)


async def bodies(micro_batch: MicroBatcher, *lengths: float, is_kept: bool = True) -> list[bytes]:
    """Submit alone, coalesced with no other."""
    flights = Flights(micro_batch, are_kept=is_kept)
    rows = {Key(b"%g" % length): row for row, length in enumerate(lengths)}
    found = await flights.join(rows, flowers(*lengths))
    return [found[key][0].body for key in rows]


async def held(model: Model, micro_batch: MicroBatcher) -> "asyncio.Task[list[bytes]]":
    """Keep the model busy with a first row, until it is let free."""
    model.free.clear()
    busy = asyncio.create_task(bodies(micro_batch, 0))
    await asyncio.to_thread(model.began.wait, 60)
    return busy


async def test_idle_a_batch_is_computed_at_once_and_by_itself(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread)

    assert await bodies(micro_batch, 1, 2) == [b"1", b"2"]
    assert await bodies(micro_batch, 3) == [b"3"]
    assert model.calls == [[1, 2], [3]]


async def test_rows_that_wait_for_the_model_share_a_call(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    busy = await held(model, micro_batch)
    waiting = [asyncio.create_task(bodies(micro_batch, *lengths)) for lengths in ([1], [2, 3], [4])]
    await settle()
    model.free.set()

    assert await asyncio.gather(busy, *waiting) == [[b"0"], [b"1"], [b"2", b"3"], [b"4"]]
    assert model.calls == [[0], [1, 2, 3, 4]]


async def test_a_call_respects_the_limit_unless_one_batch_exceeds_it(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread, max_rows=3)
    busy = await held(model, micro_batch)
    waiting = [asyncio.create_task(bodies(micro_batch, *lengths)) for lengths in ([1], [2], [3], [4, 5, 6, 7], [8])]
    await settle()
    model.free.set()
    await asyncio.gather(busy, *waiting)

    assert model.calls == [[0], [1, 2, 3], [4, 5, 6, 7], [8]]


async def test_a_bad_row_fails_its_own_caller_alone(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    busy = await held(model, micro_batch)
    rows = [1.0, 2, 13, 4, 5, 6, 7, 8]
    waiting = [asyncio.create_task(bodies(micro_batch, length)) for length in rows]
    await settle()
    model.free.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert await busy == [b"0"]
    assert isinstance(outcomes.pop(2), InvalidBatchError)
    assert outcomes == [[b"%g" % length] for length in rows if length != 13]
    assert len(model.calls) == 2 + 2 * 3  # halved three times, not called for each of the eight


@pytest.mark.parametrize("error", [PredictionError("broken"), ZeroDivisionError("a bug")])
async def test_a_failure_reaches_every_caller_and_the_next_call_works(thread: ModelThread, error: Exception) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    model.broken = error
    failing = [asyncio.create_task(bodies(micro_batch, length)) for length in (1, 2, 3)]
    outcomes = await asyncio.gather(*failing, return_exceptions=True)
    model.broken = None

    assert outcomes == [error] * 3
    assert await bodies(micro_batch, 4) == [b"4"]


async def test_a_leaving_caller_takes_its_rows_along(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    busy = await held(model, micro_batch)
    waiting = [asyncio.create_task(bodies(micro_batch, length)) for length in (1, 2, 3)]
    await settle()
    waiting[1].cancel()
    await settle()
    model.free.set()

    assert [await task for task in (busy, waiting[0], waiting[2])] == [[b"0"], [b"1"], [b"3"]]
    assert model.calls == [[0], [1, 3]]


async def test_a_caller_that_leaves_during_the_call_fails_no_other(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    busy = await held(model, micro_batch)
    after = asyncio.create_task(bodies(micro_batch, 1))
    await settle()
    busy.cancel()
    await settle()
    model.free.set()

    assert await after == [b"1"]
    assert model.calls == [[0], [1]]


async def test_without_callers_the_model_is_not_called(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    busy = await held(model, micro_batch)
    waiting = [asyncio.create_task(bodies(micro_batch, length)) for length in (1, 2)]
    await settle()
    for task in waiting:
        task.cancel()
    await settle()
    model.free.set()
    await busy
    await settle()

    assert model.calls == [[0]]
    assert other_tasks() == set()


async def test_answers_are_stored_once_a_call_before_callers_get_them(thread: ModelThread) -> None:
    model, cache = Model(), DictCache()
    micro_batch = batcher(model, thread, cache)
    busy = await held(model, micro_batch)
    waiting = [asyncio.create_task(bodies(micro_batch, length)) for length in (1, 2)]
    await settle()
    model.free.set()
    await asyncio.gather(busy, *waiting)

    assert sorted(cache.entries) == [b"0", b"1", b"2"]
    assert cache.puts == [1, 2]


async def test_an_uncacheable_answer_is_not_stored_beside_cacheable_ones(thread: ModelThread) -> None:
    model, cache = Model(), DictCache()
    micro_batch = batcher(model, thread, cache)
    busy = await held(model, micro_batch)
    waiting = [asyncio.create_task(bodies(micro_batch, length, is_kept=length != 1)) for length in (1, 2)]
    await settle()
    model.free.set()

    assert await asyncio.gather(busy, *waiting) == [[b"0"], [b"1"], [b"2"]]
    assert sorted(cache.entries) == [b"0", b"2"]


async def test_callers_are_answered_though_nothing_can_be_stored(thread: ModelThread) -> None:
    with pytest.raises(CacheUnavailableError):
        await bodies(batcher(Model(), thread, DeadCache()), 1)


async def test_it_counts_the_rows_that_wait_for_the_model(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    busy = await held(model, micro_batch)
    waiting = [asyncio.create_task(bodies(micro_batch, *lengths)) for lengths in ([1], [2, 3])]
    await settle()

    assert micro_batch.waiting == 3
    model.free.set()
    await asyncio.gather(busy, *waiting)
    assert micro_batch.waiting == 0


async def test_closed_loop_clients_share_the_next_call(thread: ModelThread) -> None:
    """Else two halves of the callers would take turns, each waiting for the other's call."""
    model = Model()
    micro_batch = batcher(model, thread)

    async def asks_twice() -> None:
        await bodies(micro_batch, 0)
        await bodies(micro_batch, 3)

    model.free.clear()
    twice = asyncio.create_task(asks_twice())
    await asyncio.to_thread(model.began.wait, 60)
    waiting = [asyncio.create_task(bodies(micro_batch, length)) for length in (1, 2)]
    await settle()
    model.free.set()
    await asyncio.gather(twice, *waiting)

    assert model.calls == [[0], [1, 2, 3]]


async def test_new_arrivals_do_not_delay_the_model_for_ever(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    asking: list[asyncio.Task[list[bytes]]] = []
    while len(model.calls) < 3 and len(asking) < 100_000:  # in which the model's thread has its turn
        asking.append(asyncio.create_task(bodies(micro_batch, len(asking) + 20.0)))
        await asyncio.sleep(0)
    await asyncio.gather(*asking)

    assert len(asking) < 100_000


def asking(micro_batch: MicroBatcher, *lengths: float) -> "asyncio.Task[list[bytes]]":
    return asyncio.create_task(bodies(micro_batch, *lengths))


async def test_rows_beyond_the_queue_limit_are_rejected_and_others_answered(
    thread: ModelThread,
) -> None:
    model = Model()
    micro_batch = batcher(model, thread, max_waiting=3)
    busy = await held(model, micro_batch)
    asked = [asking(micro_batch, *lengths) for lengths in ([1], [2, 3, 4], [5, 6], [7])]
    await settle()

    assert [task.done() for task in asked] == [False, True, False, True]
    assert micro_batch.waiting == 3
    model.free.set()
    outcomes = await asyncio.gather(busy, *asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [list, list, OverloadedError, list, OverloadedError]
    assert model.calls == [[0], [1, 5, 6]]
    assert micro_batch.waiting == 0


async def test_an_empty_queue_accepts_a_batch_beyond_the_limit(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread, max_waiting=2)
    busy = await held(model, micro_batch)
    large, late = asking(micro_batch, 1, 2, 3, 4), asking(micro_batch, 5)
    await settle()
    model.free.set()

    assert await large == [b"1", b"2", b"3", b"4"]
    with pytest.raises(OverloadedError):
        await late
    assert await busy == [b"0"]


async def test_a_caller_that_leaves_makes_room(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread, max_waiting=2)
    busy = await held(model, micro_batch)
    first, second = asking(micro_batch, 1), asking(micro_batch, 2)
    await settle()
    first.cancel()
    await settle()
    third, fourth = asking(micro_batch, 3), asking(micro_batch, 4)
    await settle()

    assert micro_batch.waiting == 2
    model.free.set()
    outcomes = await asyncio.gather(busy, second, third, fourth, return_exceptions=True)
    assert list(outcomes[:3]) == [[b"0"], [b"2"], [b"3"]]
    assert isinstance(outcomes[3], OverloadedError)
    assert model.calls == [[0], [2, 3]]


async def test_abandoned_rows_take_no_memory_until_their_turn(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    busy = await held(model, micro_batch)
    for number in range(1, 50):
        left = asking(micro_batch, number, number + 0.5)
        await settle(2)
        left.cancel()
        await settle(2)

    assert micro_batch.waiting == 0
    model.free.set()
    await busy
    assert model.calls == [[0]]


async def test_it_estimates_when_waiting_rows_will_have_been_computed(thread: ModelThread) -> None:
    model, cost = Model(), ModelCost()
    cost.count(rows=10, seconds=2.5)
    micro_batch = batcher(model, thread, max_waiting=6, cost=cost)
    busy = await held(model, micro_batch)
    waiting, rejected = asking(micro_batch, 1, 2, 3, 4, 5, 6), asking(micro_batch, 7)
    await settle()
    model.free.set()
    await asyncio.gather(busy, waiting)

    with pytest.raises(OverloadedError) as raised:
        await rejected
    assert raised.value.retry_after_s == pytest.approx(6 * 0.25)
    assert "at most 6 instances" in str(raised.value)


async def test_an_abandoned_failing_call_is_not_repeated(
    thread: ModelThread,
) -> None:
    model = Model()
    micro_batch = batcher(model, thread)
    flights = Flights(micro_batch)

    async def ask(length: float) -> bytes:
        key = Key(b"%g" % length)
        found = await flights.join({key: 0}, flowers(length))
        return found[key][0].body

    model.broken = PredictionError("broken")
    model.free.clear()
    together = [asyncio.create_task(ask(length)) for length in (1, 2, 3)]
    await asyncio.to_thread(model.began.wait, 60)
    for task in together:
        task.cancel()
    await settle()
    assert len(flights) == 3  # a caller now would join them
    model.free.set()
    await micro_batch.finish()

    assert model.calls == [[1, 2, 3]]
    assert len(flights) == 0
    model.broken = None
    assert await ask(1) == b"1"


async def test_on_the_loop_requests_of_one_turn_share_a_call(thread: ModelThread) -> None:
    model = Model()
    micro_batch = batcher_on_loop(model, thread)

    assert await asyncio.gather(*(bodies(micro_batch, length) for length in (1, 2, 3))) == [[b"1"], [b"2"], [b"3"]]
    assert model.calls == [[1, 2, 3]]


async def test_on_the_loop_a_full_queue_rejects_too(thread: ModelThread) -> None:
    micro_batch = batcher_on_loop(Model(), thread, max_waiting=2)
    outcomes = await asyncio.gather(*(bodies(micro_batch, length) for length in (1, 2, 3)), return_exceptions=True)

    assert outcomes[:2] == [[b"1"], [b"2"]]
    assert isinstance(outcomes[2], OverloadedError)


async def test_hits_have_turns_between_calls_on_the_loop(thread: ModelThread) -> None:
    """A batch that fails is tried by halves, which are many calls."""
    model, turns = Model(), []
    micro_batch = batcher_on_loop(model, thread)
    rows = [1.0, 2, 13, 4]
    waiting = asyncio.gather(*(bodies(micro_batch, length) for length in rows), return_exceptions=True)
    while not waiting.done():
        turns.append(len(model.calls))
        await asyncio.sleep(0)

    assert [isinstance(outcome, InvalidBatchError) for outcome in await waiting] == [False, False, True, False]
    assert set(turns) >= set(range(1, len(model.calls)))  # never two calls in one turn
