"""Coroutines stepped by hand, to cancel one at each place where it waits; and how to wait for what they do."""

import asyncio
from collections.abc import Awaitable, Callable

from support.time_limits import PATIENCE_S


async def settle(turns: int = 20) -> None:
    """Let every task run as far as it gets without time passing."""
    for _ in range(turns):
        await asyncio.sleep(0)


async def until(is_so: Callable[[], bool], *, seconds: float = PATIENCE_S) -> None:
    """Wait beside everything else for what has no event; raise TimeoutError if it does not become so."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 - as it says
            await asyncio.sleep(0.002)


async def cancelled_after(turns: int, call: Callable[[], Awaitable[object]]) -> bool:
    """Start a call, let the loop turn some times, cancel it; return whether it was still running."""
    task = asyncio.ensure_future(call())
    for _ in range(turns):
        await asyncio.sleep(0)
    was_under_way = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return was_under_way


def other_tasks() -> set[str]:
    """Name the tasks that are left over beside the calling one."""
    return {task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()} if not task.done()}
