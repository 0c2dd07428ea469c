"""The thread on which the model runs, so that the event loop never waits for it."""

import asyncio
import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Final, TypeVar, TypeVarTuple, cast

from foreseen.domain.errors import PredictionError
from foreseen.domain.model.model_failure import failure_text, is_interruption

Result = TypeVar("Result")
Args = TypeVarTuple("Args")

ENDING_S: Final = 1.0
"""Seconds to wait for a thread whose call was abandoned."""

_Call = tuple[Callable[[], object], asyncio.AbstractEventLoop, "asyncio.Future[object]"]


class ModelThread:
    """Runs model calls one after the other, off the event loop.

    By default there is one thread, because the model uses the cores while it computes: a second call would slow both.
    Files have no hits to be answered meanwhile, so a model that allows parallel calls gets all cores. The threads are
    daemons, unlike those of a pool: a call that never returns must not keep the process from ending.

    Attributes:
        at_once: number of parallel calls.
    """

    def __init__(self, at_once: int = 1) -> None:
        """Accept the number of concurrent calls; each has a thread of its own."""
        self.at_once = at_once
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._waited_for: set[asyncio.Future[object]] = set()
        self._threads: list[Thread] = []
        self._since: dict[int, float] = {}
        self._rejection = ""
        self._is_closed = False

    @property
    def busy_s(self) -> float:
        """Seconds since the running call began, the longest if several run; 0 if none runs."""
        since = list(self._since.values())
        return time.monotonic() - min(since) if since else 0.0

    async def run(self, call: Callable[[], Result]) -> Result:
        """Run a call after those that wait already; return its result or raise its error.

        Raises:
            PredictionError: the call was abandoned, or raised an exception that would end a process.
        """
        if self._rejection:
            raise PredictionError(self._rejection)
        if not self._threads:
            self._threads = [
                Thread(target=self._work, args=(number,), name=f"model {number}", daemon=True)
                for number in range(self.at_once)
            ]
            for thread in self._threads:
                thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._waited_for.add(future)
        self._calls.put((call, loop, future))
        try:
            return cast("Result", await future)  # calls of any result are in one queue
        finally:
            self._waited_for.discard(future)

    def run_now(self, call: Callable[[], Result]) -> Result:
        """Run a call on the calling thread, whatever else runs; return its result or raise its error as `run`."""
        if self._rejection:
            raise PredictionError(self._rejection)
        result, error = _outcome(call)
        if error is not None:
            raise error
        return cast("Result", result)

    def abandon(self, reason: str) -> None:
        """Fail the running call, all waiting and all later ones with a PredictionError; called on the event loop."""
        self._rejection = reason
        for future in self._waited_for:
            _settle(future, None, PredictionError(reason))

    def close(self) -> None:
        """Wait for running calls unless they were abandoned, drop waiting ones, and end the threads."""
        self._is_closed = True
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            thread.join(ENDING_S if self._rejection else None)

    def _work(self, number: int) -> None:
        while (taken := self._calls.get()) is not None:
            call, loop, future = taken
            if self._is_closed:
                _call_soon(loop, future.cancel)
            elif not future.done():
                self._since[number] = time.monotonic()
                result, error = _outcome(call)
                del self._since[number]
                _call_soon(loop, _settle, future, result, error)
                del result, error  # they hold what was computed, until the next call


def _outcome(call: Callable[[], object]) -> tuple[object, Exception | None]:
    try:
        return call(), None
    except BaseException as exc:
        if is_interruption(exc):  # on the main thread, amid a call that it makes itself
            raise
        if isinstance(exc, Exception) and not isinstance(exc, StopIteration):
            return None, exc
        # These would end the event loop, or cannot be set on a future; the model has failed one call.
        return None, PredictionError(f"the model failed: {failure_text(exc)}")


def _settle(future: "asyncio.Future[object]", result: object, error: Exception | None) -> None:
    if future.done():  # its caller has left
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[[*Args], object], *args: *Args) -> None:
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:  # the loop is closed, and with it every wait
        return
