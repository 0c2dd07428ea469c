"""A call has a budget, which the server's slowness uses up, and our own loop's does not."""

import asyncio
import time

import pytest

from foreseen.adapters.cache.fault_policy.time_budget import within
from foreseen.domain.errors import CacheUnavailableError
from support.stepping import other_tasks, settle


async def test_what_comes_in_time_is_given() -> None:
    assert await within(5.0, asyncio.sleep(0.01, "reply")) == "reply"


async def test_what_does_not_come_is_given_up_and_ended() -> None:
    with pytest.raises(CacheUnavailableError, match="no answer within 10 ms"):
        await within(0.01, asyncio.sleep(60))
    await settle()

    assert other_tasks() == set()


async def test_what_the_call_raises_is_raised() -> None:
    async def call() -> None:
        raise CacheUnavailableError("away")

    with pytest.raises(CacheUnavailableError, match="away"):
        await within(5.0, call())


async def test_who_leaves_ends_the_call() -> None:
    waiting = asyncio.create_task(within(60.0, asyncio.sleep(60)))
    await settle()

    waiting.cancel()
    await settle()

    assert other_tasks() == set()


async def test_what_was_answered_during_a_long_turn_of_the_loop_is_still_read() -> None:
    """A reply takes some turns from the socket to who waits for it."""

    async def call() -> str:
        for _ in range(3):
            await asyncio.sleep(0)
        return "reply"

    waiting = asyncio.create_task(within(0.05, call()))
    await asyncio.sleep(0)
    time.sleep(0.1)  # noqa: ASYNC251 - the loop itself is what is busy

    assert await waiting == "reply"
