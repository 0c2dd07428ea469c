"""ConcurrentCalls: calls of the model at the same time, or one alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ConcurrentCalls:
    """Lets calls run in parallel, except those that may end the model's process: each of these runs alone.

    A process that ends fails all of its calls, so only a call that ran alone is known to have ended it.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._count = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    @asynccontextmanager
    async def beside_others(self) -> AsyncIterator[None]:
        """Run a call while no other one runs alone or waits to."""
        async with self._turn:
            self._count += 1
            self._is_empty.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._is_empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Run a call when all others have ended, and let none begin meanwhile."""
        async with self._turn:
            await self._is_empty.wait()
            yield
