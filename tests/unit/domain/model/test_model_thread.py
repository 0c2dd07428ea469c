"""The model's thread: one, and not the event loop's."""

import asyncio
import threading

import pytest

from foreseen.domain.errors import PredictionError
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.values.predictions import Predictions
from support.time_limits import PATIENCE_S


async def test_calls_run_one_after_the_other_on_one_other_thread() -> None:
    thread = ModelThread()
    running, seen = [0], []

    def call() -> int:
        running[0] += 1
        seen.append((running[0], threading.get_ident()))
        running[0] -= 1
        return threading.get_ident()

    idents = await asyncio.gather(*(thread.run(call) for _ in range(20)))
    thread.close()

    assert len(set(idents)) == 1
    assert threading.get_ident() not in idents
    assert {count for count, _ in seen} == {1}


async def test_an_error_of_the_call_is_raised() -> None:
    thread = ModelThread()

    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0)
    assert await thread.run(lambda: Predictions({"x": [1]})) == Predictions({"x": [1]})
    thread.close()


async def test_closing_ends_the_running_call_and_drops_waiting_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(threading.enumerate())
    thread = ModelThread()
    started, may_end = threading.Event(), threading.Event()
    calls = []

    def first() -> str:
        started.set()
        may_end.wait(PATIENCE_S)
        return "done"

    running = asyncio.create_task(thread.run(first))
    await asyncio.to_thread(started.wait, 60)
    waiting = asyncio.create_task(thread.run(lambda: calls.append("ran")))
    await asyncio.sleep(0)
    is_joining, join = threading.Event(), threading.Thread.join

    def join_seen(joined: threading.Thread, timeout: float | None = None) -> None:
        is_joining.set()
        join(joined, timeout)

    monkeypatch.setattr(threading.Thread, "join", join_seen)
    closing = asyncio.create_task(asyncio.to_thread(thread.close))
    await asyncio.to_thread(is_joining.wait, PATIENCE_S)
    may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await running == "done"
    await closing
    assert calls == []
    assert not [each for each in set(threading.enumerate()) - before if each.name.startswith("model")]


@pytest.mark.parametrize("raised", [SystemExit("enough"), StopIteration("no more"), KeyboardInterrupt()])
async def test_an_exception_that_would_end_the_loop_fails_one_call(raised: BaseException) -> None:
    thread = ModelThread()

    def call() -> None:
        raise raised

    with pytest.raises(PredictionError, match=f"the model failed: {type(raised).__name__}"):
        await thread.run(call)
    assert await thread.run(lambda: "next") == "next"
    thread.close()


async def test_giving_up_a_call_fails_all_waiting_callers_at_once() -> None:
    thread = ModelThread()
    started, may_end = threading.Event(), threading.Event()

    def hang() -> None:
        started.set()
        may_end.wait(PATIENCE_S)

    waiting = [asyncio.create_task(thread.run(call)) for call in (hang, lambda: None)]
    await asyncio.to_thread(started.wait, 60)
    assert thread.busy_s > 0

    thread.abandon("it is over")

    assert [str(exc) for exc in await asyncio.gather(*waiting, return_exceptions=True)] == ["it is over"] * 2
    with pytest.raises(PredictionError, match="it is over"):
        await thread.run(lambda: None)
    thread.close()  # returns though the call has not
    assert not may_end.is_set()
    may_end.set()
