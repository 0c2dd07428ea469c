"""The thread on which the model runs, so that the event loop never waits for it."""

import asyncio
import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

from foreseen.domain.errors import PredictionError
from foreseen.domain.model.model_failure import failure_text

Result = TypeVar("Result")

ENDING_S: Final = 1.0
"""Seconds that are waited for a thread whose call was given up."""

_Call = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class ModelThread:
    """Runs model calls one after the other, off the event loop.

    One thread, because the model owns the cores while it computes: a second call beside it would slow both. A file has
    no hits to be answered meanwhile, and a model that may be called side by side then gets all cores. Python ends
    without waiting for a thread here, unlike for a pool's: a call that never returns must not keep a process.

    Attributes:
        at_once: calls that run side by side.
    """

    def __init__(self, at_once: int = 1) -> None:
        """Accept the number of concurrent calls; each has a thread of its own."""
        self.at_once = at_once
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        self._waited_for: set[asyncio.Future[Any]] = set()
        self._threads: list[Thread] = []
        self._since: dict[int, float] = {}
        self._refusal = ""
        self._is_closed = False

    @property
    def busy_s(self) -> float:
        """How many seconds the running call takes by now, of several the longest; 0 when none runs."""
        since = list(self._since.values())
        return time.monotonic() - min(since) if since else 0.0

    async def run(self, call: Callable[[], Result]) -> Result:
        """Run a call in its turn; return its result or raise its error.

        Raises:
            PredictionError: the call was given up, or has raised what would end a process.
        """
        if self._refusal:
            raise PredictionError(self._refusal)
        if not self._threads:
            self._threads = [
                Thread(target=self._work, args=(number,), name=f"model {number}", daemon=True)
                for number in range(self.at_once)
            ]
            for thread in self._threads:
                thread.start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waited_for.add(future)
        self._calls.put((call, loop, future))
        try:
            return await future
        finally:
            self._waited_for.discard(future)

    def give_up(self, reason: str) -> None:
        """Fail the running call, those that wait and those that come by a PredictionError; called on the event loop."""
        self._refusal = reason
        for future in self._waited_for:
            _settle(future, None, PredictionError(reason))

    def close(self) -> None:
        """Let what runs end unless it was given up, drop those that wait, and end the threads."""
        self._is_closed = True
        for _ in self._threads:
            self._calls.put(None)
        for thread in self._threads:
            thread.join(ENDING_S if self._refusal else None)

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


def _outcome(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return call(), None
    except BaseException as exc:  # noqa: BLE001 - raised to the caller that waits
        if isinstance(exc, Exception) and not isinstance(exc, StopIteration):
            return None, exc
        # These would end the event loop, or cannot be set on a future; the model has failed one call.
        return None, PredictionError(f"the model failed: {failure_text(exc)}")


def _settle(future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if future.done():  # who waited has left
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *args: Any) -> None:
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:  # the loop is closed, and with it every wait
        return
