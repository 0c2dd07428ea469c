"""The model's thread: one, and not the event loop's."""

import asyncio
import threading

import pytest

from foreseen.domain.model_thread import ModelThread
from foreseen.domain.predictions import Predictions


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


async def test_what_the_call_raises_is_raised() -> None:
    thread = ModelThread()

    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0)
    assert await thread.run(lambda: Predictions({"x": [1]})) == Predictions({"x": [1]})
    thread.close()


async def test_closing_lets_the_running_call_end_and_drops_those_that_wait() -> None:
    thread = ModelThread()
    started, may_end = threading.Event(), threading.Event()
    calls = []

    def first() -> str:
        started.set()
        may_end.wait(10)
        return "done"

    running = asyncio.create_task(thread.run(first))
    await asyncio.to_thread(started.wait, 10)
    waiting = asyncio.create_task(thread.run(lambda: calls.append("ran")))
    await asyncio.sleep(0)
    closing = asyncio.create_task(asyncio.to_thread(thread.close))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    may_end.set()

    assert await running == "done"
    await closing
    assert calls == []
    assert not [each for each in threading.enumerate() if each.name.startswith("model") and each.is_alive()]
