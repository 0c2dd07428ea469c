"""Micro-batching: the misses of many requests in one model call, without a timer.

While the model is busy, boardings queue; when it is free, it takes all that wait, up to a number of rows. An idle model
computes a boarding at once; under load, batches grow by themselves.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from foreseen.domain.answer import Origin
from foreseen.domain.errors import OverloadedError
from foreseen.domain.flights.flight import Boarding, Flight
from foreseen.domain.flights.placed_calls import PlacedCalls
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.values.batch import gathered

QUIET_TURNS: Final = 8
"""Turns of the event loop, of some microseconds each, without a new boarding: then no client is about to return."""

_Taken = list[tuple[Boarding, list[Flight]]]
"""What one model call answers: boardings, each with its flights that are still wanted."""


class ModelQueue:
    """What waits for the model: boardings, each of which leaves as soon as none of its flights is wanted.

    Attributes:
        instances: how many are wanted in all; 0 if and only if the queue is empty.
        arrived: how many boardings were ever added.
    """

    def __init__(self) -> None:
        self.instances = 0
        self.arrived = 0
        self._wanted: OrderedDict[Boarding, int] = OrderedDict()

    def add(self, boarding: Boarding, wanted: int) -> None:
        """Append a boarding of which one or more instances are wanted."""
        self._wanted[boarding] = wanted
        self.instances += wanted
        self.arrived += 1
        boarding.on_forgetting = self._forget_one_of

    def take(self, max_rows: int) -> list[tuple[Boarding, list[Flight]]]:
        """Remove the oldest boardings, up to a number of rows; one that is larger by itself goes alone.

        Returns:
            Each with its flights that are still wanted; nothing from an empty queue.
        """
        taken: list[tuple[Boarding, list[Flight]]] = []
        rows = 0
        while self._wanted:
            boarding, wanted = next(iter(self._wanted.items()))
            if taken and rows + wanted > max_rows:
                break
            del self._wanted[boarding]
            boarding.on_forgetting = None
            boarding.is_begun = True
            taken.append((boarding, boarding.wanted()))
            rows += wanted
        self.instances -= rows
        return taken

    def _forget_one_of(self, boarding: Boarding) -> None:
        self.instances -= 1
        self._wanted[boarding] -= 1
        if self._wanted[boarding] == 0:
            del self._wanted[boarding]
            boarding.on_forgetting = None


class MicroBatcher:
    """The last stage: batches boardings while the model is busy, and lands what it answers.

    Attributes:
        calls: the model's, and where they run.
    """

    def __init__(
        self,
        calls: PlacedCalls,
        put: Callable[[Mapping[Key, Entry]], Awaitable[None]],
        *,
        max_rows: int,
        max_waiting: float = math.inf,
        cost: ModelCost | None = None,
    ) -> None:
        """Accept the model's calls, and where entries are put before flights land.

        Args:
            max_rows: rows of one call; a boarding that is larger by itself goes whole.
            max_waiting: instances in the queue; a boarding that is larger by itself is admitted to an empty queue.
            cost: the model's, from which the wait until there is room again is estimated.
        """
        self.calls = calls
        self._put = put
        self._max_rows = max_rows
        self._max_waiting = max_waiting
        self._cost = cost or ModelCost()
        self._queue = ModelQueue()
        self._working: asyncio.Task[None] | None = None
        self._landings: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many instances wait for the model."""
        return self._queue.instances

    def submit(self, boardings: Sequence[Boarding]) -> None:
        """Queue boardings for the model.

        Flights fail with an InvalidBatchError or PredictionError of their own boarding alone: a batch that fails is
        tried again by halves. A boarding for which there is no room fails with an OverloadedError at once.
        """
        for boarding in boardings:
            wanted, waiting = len(boarding.wanted()), self._queue.instances
            if waiting and waiting + wanted > self._max_waiting:
                self._reject(boarding, wanted)
            elif wanted:
                self._queue.add(boarding, wanted)
        if self._working is None and self._queue.instances:
            self._working = asyncio.create_task(self._work(), name="micro-batches")

    async def finish(self) -> None:
        """Wait until nothing is being computed or put."""
        while under_way := {*self._landings, *([self._working] if self._working else [])}:
            await asyncio.wait(under_way)

    def _reject(self, boarding: Boarding, wanted: int) -> None:
        waiting = self._queue.instances
        said = f"expected at most {self._max_waiting} instances to wait for the model (max_waiting)"
        retry_after_s = waiting * (self._cost.row_s or 0.0)
        boarding.fail(OverloadedError(f"{said}, got {wanted} in addition to {waiting}", retry_after_s))

    async def _work(self) -> None:
        try:
            while taken := self._queue.take(self._max_rows):
                await self._answer(taken)
                await self._wait_for_return(len(taken))
        finally:
            self._working = None

    async def _wait_for_return(self, answered: int) -> None:
        """Let closed-loop clients send their next request before the next call.

        Otherwise two half-full batches alternate.
        """
        queue, quiet = self._queue, 0
        before, enough = queue.arrived, queue.arrived + answered
        while quiet < QUIET_TURNS and queue.arrived < enough:
            await asyncio.sleep(0)
            quiet = quiet + 1 if queue.arrived == before else 0
            before = queue.arrived

    async def _answer(self, taken: _Taken) -> None:
        parts = [(boarding.instances, [flight.row for flight in flights]) for boarding, flights in taken]
        try:
            entries = await self.calls.run(sum(len(rows) for _, rows in parts), lambda: gathered(parts))
        except Exception as exc:  # noqa: BLE001 - callers wait, whatever it is
            await self._answer_by_halves(taken, exc)
            return
        # A task of its own, so that the model's next call does not wait until these are put.
        landing = asyncio.create_task(self._land(taken, entries), name="landing")
        self._landings.add(landing)
        landing.add_done_callback(self._landings.discard)

    async def _answer_by_halves(self, taken: _Taken, exc: Exception) -> None:
        """Find the boardings that fail: they must not fail the others."""
        if len(taken) == 1:
            taken[0][0].fail(exc)
            return
        middle = len(taken) // 2
        for half in (taken[:middle], taken[middle:]):
            if wanted := [(boarding, still) for boarding, flights in half if (still := _still_wanted(flights, exc))]:
                await asyncio.sleep(0)  # calls on the event loop let others have a turn in between
                await self._answer(wanted)

    async def _land(self, taken: _Taken, entries: Sequence[Entry]) -> None:
        pairs = list(zip((flight for _, flights in taken for flight in flights), entries, strict=True))
        kept = {flight.key: entry for flight, entry in pairs if flight.boarding.is_kept}
        try:
            if kept:
                await self._put(kept)
        except Exception as exc:  # noqa: BLE001 - callers wait, whatever it is
            for boarding, _ in taken:
                boarding.fail(exc)
            return
        for flight, entry in pairs:
            flight.land((entry, Origin.MODEL))


def _still_wanted(flights: Sequence[Flight], exc: Exception) -> list[Flight]:
    """Return the flights that a caller waits for, and fail the others."""
    wanted = [flight for flight in flights if flight.callers]
    for flight in flights:
        if not flight.callers:
            flight.fail(exc)
    return wanted
