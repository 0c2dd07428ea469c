"""A time budget for a remote call that a long turn of our own event loop does not use up."""

import asyncio
from collections.abc import Coroutine
from typing import Final, TypeVar

from foreseen.domain.errors import CacheUnavailableError

Result = TypeVar("Result")

BUDGET_PER_KEY_S: Final = 1e-4
"""Added to a call's budget per key, so that a chunk of thousands of rows is not mistaken for a slow server."""

_SLICES: Final = 10


async def within(budget_s: float, call: Coroutine[object, None, Result]) -> Result:
    """Return the result of a call; cancel it when the budget is spent.

    The budget is spent in slices, and a long turn of the event loop uses up one at most, so a reply that has arrived
    meanwhile is still read. A single timer would expire before the socket is read.

    Raises:
        CacheUnavailableError: no result within the budget; and whatever the call raises.
    """
    task = asyncio.ensure_future(call)
    task.add_done_callback(_retrieve_error)
    try:
        for _ in range(_SLICES):
            done, _ = await asyncio.wait({task}, timeout=budget_s / _SLICES)
            if done:
                return task.result()
    finally:
        task.cancel()
    raise CacheUnavailableError(f"no answer within {budget_s * 1000:g} ms")


def _retrieve_error(task: asyncio.Task[object]) -> None:
    """Retrieve a task's exception, so that asyncio does not log it as never retrieved: its caller may be gone."""
    if not task.cancelled():
        task.exception()
