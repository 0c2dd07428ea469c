"""A call has a budget, which the server's slowness uses up, and our own loop's does not."""

import asyncio
import time

import pytest

from foreseen.adapters.cache.fault_policy.time_budget import within
from foreseen.domain.errors import CacheUnavailableError
from support.event_loop_steps import other_tasks, settle


async def test_a_result_in_time_is_returned() -> None:
    assert await within(5.0, asyncio.sleep(0.01, "reply")) == "reply"


async def test_a_call_beyond_its_budget_is_cancelled() -> None:
    with pytest.raises(CacheUnavailableError, match="no answer within 10 ms"):
        await within(0.01, asyncio.sleep(60))
    await settle()

    assert other_tasks() == set()


async def test_an_error_of_the_call_is_raised() -> None:
    async def call() -> None:
        raise CacheUnavailableError("away")

    with pytest.raises(CacheUnavailableError, match="away"):
        await within(5.0, call())


async def test_a_cancelled_caller_cancels_the_call() -> None:
    waiting = asyncio.create_task(within(60.0, asyncio.sleep(60)))
    await settle()

    waiting.cancel()
    await settle()

    assert other_tasks() == set()


async def test_a_reply_that_arrived_during_a_long_turn_is_read() -> None:
    """A reply takes some turns from the socket to who waits for it."""

    async def call() -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        return "reply"

    waiting = asyncio.create_task(within(0.05, call()))
    await asyncio.sleep(0)
    time.sleep(0.1)  # noqa: ASYNC251 - the loop itself is what is busy

    assert await waiting == "reply"
