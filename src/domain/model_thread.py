"""The one thread on which the model runs, so that the event loop never waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


class ModelThread:
    """Runs model calls one after the other, off the event loop.

    One thread, because the model owns the cores while it computes: a second call beside it would slow both.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")

    async def run(self, call: Callable[[], Result]) -> Result:
        """Give what the call returns or raises, awaiting its turn."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    def close(self) -> None:
        """Let the running call end, drop those that wait, and end the thread."""
        self._executor.shutdown(wait=True, cancel_futures=True)
