"""A time budget for a far call, which a busy turn of our own event loop does not use up."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from foreseen.domain.errors import CacheUnavailableError

Result = TypeVar("Result")

BUDGET_PER_KEY_S: Final = 1e-4
"""What each key adds to a call's budget, so that a file's chunk of thousands is not taken for a slow server."""

_SLICES: Final = 10


async def within(budget_s: float, call: Coroutine[Any, Any, Result]) -> Result:
    """Give what a call returns; end it when the budget is over.

    The budget is spent in slices, of which one long turn of the event loop takes one at most: what has been answered
    meanwhile is still read. A single timer would be over before the socket is looked at.

    Raises:
        CacheUnavailableError: nothing came in time; and whatever the call raises.
    """
    task = asyncio.ensure_future(call)
    task.add_done_callback(_look_at)
    try:
        for _ in range(_SLICES):
            done, _ = await asyncio.wait({task}, timeout=budget_s / _SLICES)
            if done:
                return task.result()
    finally:
        task.cancel()
    raise CacheUnavailableError(f"no answer within {budget_s * 1000:g} ms")


def _look_at(task: asyncio.Task[Any]) -> None:
    """Ask a task for its error, since nobody may be left who would."""
    if not task.cancelled():
        task.exception()
