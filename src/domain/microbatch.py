"""Micro-batching: the misses of many requests in one call of the model, without a timer.

While the model is busy, batches queue; when it is free, it takes all that wait, up to a number of rows. Idle, a batch
is computed at once; busy, batches grow by themselves.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from foreseen.domain.batch import Batch, joined
from foreseen.domain.entry import Entry
from foreseen.domain.model_thread import ModelThread


@dataclass(slots=True)
class _Waiting:
    batch: Batch
    done: asyncio.Future[Sequence[Entry]]


class MicroBatcher:
    """Puts batches together while the model is busy."""

    def __init__(
        self, compute: Callable[[Batch], Sequence[Entry]], model_thread: ModelThread, *, max_rows: int
    ) -> None:
        """Take the call of the model, made on its thread, and the rows that it is given at most.

        A batch that is larger by itself is given whole: one caller wants it so.
        """
        self._compute = compute
        self._model_thread = model_thread
        self._max_rows = max_rows
        self._waiting: deque[_Waiting] = deque()
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, batch: Batch) -> Sequence[Entry]:
        """Give the entries of a batch, in its order.

        A caller that is cancelled takes its rows out of the queue, unless the model has begun on them.

        Raises:
            InvalidBatchError, PredictionError: of these rows alone; what fails beside others is tried again by halves.
        """
        waiting = _Waiting(batch, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._working is None:
            self._working = asyncio.create_task(self._work(), name="micro-batches")
        return await waiting.done

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._answer(self._next())
        finally:
            self._working = None

    def _next(self) -> list[_Waiting]:
        """Take what waits, oldest first, up to the row limit."""
        taken: list[_Waiting] = []
        rows = 0
        while self._waiting and (not taken or rows + len(self._waiting[0].batch) <= self._max_rows):
            waiting = self._waiting.popleft()
            if not waiting.done.done():  # else its caller has left
                taken.append(waiting)
                rows += len(waiting.batch)
        return taken

    async def _answer(self, taken: Sequence[_Waiting]) -> None:
        wanted = [waiting for waiting in taken if not waiting.done.done()]
        if not wanted:
            return
        try:
            entries = await self._model_thread.run(lambda: self._compute(joined([each.batch for each in wanted])))
        except Exception as exc:  # noqa: BLE001 - whatever it is, somebody waits for it
            await self._answer_by_halves(wanted, exc)
            return
        start = 0
        for each in wanted:
            end = start + len(each.batch)
            if not each.done.done():
                each.done.set_result(entries[start:end])
            start = end

    async def _answer_by_halves(self, wanted: Sequence[_Waiting], exc: Exception) -> None:
        """Find out whose rows fail: they must not fail their neighbours."""
        if len(wanted) == 1:
            if not wanted[0].done.done():
                wanted[0].done.set_exception(exc)
            return
        middle = len(wanted) // 2
        await self._answer(wanted[:middle])
        await self._answer(wanted[middle:])
