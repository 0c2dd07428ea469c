"""Company: calls of the model beside one another, or one alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Company:
    """Lets calls run side by side, but one alone where it may end the process that all are computed in.

    A process that ends fails all of its calls, and only of a call that was alone is it known to have ended it.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._count = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    @asynccontextmanager
    async def beside_others(self) -> AsyncIterator[None]:
        """Run a call when none is alone or is about to be."""
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
