"""How long tests wait for what is going to come: bounds against hanging, which decide nothing else."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

Result = TypeVar("Result")

PATIENCE_S: Final = 120.0
"""Seconds that nothing takes which is going to come at all, on a machine however busy."""

COMMAND_S: Final = 240.0
"""Seconds that no command takes from its start to its end, nor a service until it serves."""


def patience() -> asyncio.Timeout:
    """Return a context that raises TimeoutError in a test that would hang."""
    return asyncio.timeout(PATIENCE_S)


async def soon(awaited: Awaitable[Result]) -> Result:
    """Wait for a result; raise TimeoutError where it does not come."""
    return await asyncio.wait_for(awaited, PATIENCE_S)
