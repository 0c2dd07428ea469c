"""LoopThread: an event loop on a thread of its own, since the caller may run one already, as a notebook does."""

import asyncio
import os
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from threading import Thread, current_thread
from typing import TypeVar

Result = TypeVar("Result")


class LoopThread:
    """Runs coroutines to their end for callers on any other thread."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._loop = asyncio.new_event_loop()
        # The loop's own executor needs a new thread for its shutdown, which Python cannot start while it exits.
        self._executor = ThreadPoolExecutor(thread_name_prefix="foreseen")
        self._loop.set_default_executor(self._executor)
        self._thread = Thread(target=self._run, name="foreseen", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[object, None, Result]) -> Result:
        """Return what a coroutine returns, or raise what it raises; Ctrl-C cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop and end the threads."""
        self.run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._executor.shutdown()
        self._loop.close()

    def is_own_thread(self) -> bool:
        """Return whether the caller is on the loop's thread, which cannot wait for itself."""
        return current_thread() is self._thread

    def is_forked(self) -> bool:
        """Return whether this process is a fork of the one that started the thread, and so lacks it."""
        return os.getpid() != self._process

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
