"""Coalescing: one computation per key in flight, however many ask for it at once."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Generic, TypeVar

from foreseen.domain.batch import Batch
from foreseen.domain.key import Key

Found = TypeVar("Found")


class _Flight(Generic[Found]):
    """The keys that one caller was the first to ask for, while they are found."""

    __slots__ = ("keys", "task", "waiters")

    def __init__(self, keys: frozenset[Key], task: asyncio.Task[Mapping[Key, Found]]) -> None:
        self.keys = keys
        self.task = task
        self.waiters = 0

    @property
    def has_failed(self) -> bool:
        return self.task.cancelled() or self.task.exception() is not None


class Flights(Generic[Found]):
    """Joins callers who ask for the same key at the same time.

    A flight is a task of its own: it outlives the caller that began it as long as another waits for any of its keys,
    and is cancelled when the last has left. Its error reaches everybody who waits, with one exception: a caller who
    joined it for some of its keys is not failed by the others, and asks once more for its own.
    """

    def __init__(self, find: Callable[[Sequence[Key], Batch], Coroutine[Any, Any, Mapping[Key, Found]]]) -> None:
        """Take what finds keys: row i of the batch is the instance of key i."""
        self._find = find
        self._flights: dict[Key, _Flight[Found]] = {}

    def __len__(self) -> int:
        """How many keys are in flight."""
        return len(self._flights)

    async def __call__(self, rows: Mapping[Key, int], batch: Batch) -> tuple[dict[Key, Found], set[Key]]:
        """Find keys, joining what is under way.

        Args:
            rows: of each key, the number of its instance in the batch.
        Returns:
            What was found of each, and which keys somebody else had asked for before.
        Raises:
            Whatever finding them raised.
        """
        joined = {key for key in rows if key in self._flights}
        boarded = self._board(rows, batch)
        await self._wait(boarded)
        # A flight of one's own that failed has failed its caller; one that was joined may have failed for other keys.
        again = {key: row for key, row in rows.items() if key in joined and boarded[key].has_failed}
        if again and not any(boarded[key].has_failed for key in rows.keys() - joined):
            retried = self._board(again, batch, purely=True)
            await self._wait(retried)
            boarded |= retried
        return {key: boarded[key].task.result()[key] for key in rows}, joined

    def _board(self, rows: Mapping[Key, int], batch: Batch, *, purely: bool = False) -> dict[Key, _Flight[Found]]:
        """Give each key its flight, a new one where there is none; purely: where there is none with other keys."""
        under_way = {key: flight for key in rows if (flight := self._flights.get(key)) is not None}
        boarded = {key: flight for key, flight in under_way.items() if not purely or flight.keys <= rows.keys()}
        new = [key for key in rows if key not in boarded]
        if new:
            started = dict.fromkeys(new, self._start(new, batch.take([rows[key] for key in new])))
            self._flights |= started
            boarded |= started
        return boarded

    def _start(self, keys: Sequence[Key], batch: Batch) -> _Flight[Found]:
        flight = _Flight(frozenset(keys), asyncio.create_task(self._find(keys, batch), name="flight"))
        flight.task.add_done_callback(lambda _: self._land(flight))
        return flight

    async def _wait(self, boarded: Mapping[Key, _Flight[Found]]) -> None:
        flights = set(boarded.values())
        for flight in flights:
            flight.waiters += 1
        try:
            await asyncio.wait({flight.task for flight in flights})
        finally:
            for flight in flights:
                self._leave(flight)

    def _leave(self, flight: _Flight[Found]) -> None:
        flight.waiters -= 1
        if flight.waiters == 0 and not flight.task.done():
            self._land(flight)  # at once: who asks from now on must not join what nobody finishes
            flight.task.cancel()

    def _land(self, flight: _Flight[Found]) -> None:
        for key in flight.keys:
            if self._flights.get(key) is flight:
                del self._flights[key]
        if flight.task.done() and not flight.task.cancelled():
            flight.task.exception()  # asked for here, since nobody may be left who would
