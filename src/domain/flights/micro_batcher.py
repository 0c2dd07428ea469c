"""Micro-batching: the misses of many requests in one model call, without a timer.

While the model is busy, boardings queue; when it is free, it takes all that wait, up to a number of rows. Idle, a
boarding is computed at once; busy, batches grow by themselves.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from foreseen.domain.answer import Origin
from foreseen.domain.errors import OverloadedError
from foreseen.domain.flights.coalescing import Boarding, Flight
from foreseen.domain.flights.model_queue import Waiting
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.instances import gathered

QUIET_TURNS: Final = 8
"""Turns of the event loop, each some microseconds, that bring no new boarding: then nobody is about to return."""

_Taken = list[tuple[Boarding, list[Flight]]]
"""What one call of the model answers: of each boarding the flights that are still wanted."""


class MicroBatcher:
    """Puts boardings together while the model is busy, and lands what it answers."""

    def __init__(
        self,
        compute: Callable[[Batch], Sequence[Entry]],
        store: Callable[[Mapping[Key, Entry]], Awaitable[None]],
        model_thread: ModelThread,
        *,
        max_rows: int,
        max_waiting: float = math.inf,
        cost: ModelCost | None = None,
    ) -> None:
        """Take the call of the model, made on its thread, and the rows that it is given at most.

        A boarding that is larger by itself is given whole: one caller wants it so.

        Args:
            store: keeps what the model answered, before anybody is told.
            max_waiting: instances that wait at most; a boarding that is larger by itself waits if it is the first.
            cost: of the model, from which it is told when there will be room again.
        """
        self._compute = compute
        self._store = store
        self._model_thread = model_thread
        self._max_rows = max_rows
        self._max_waiting = max_waiting
        self._cost = cost or ModelCost()
        self._waiting = Waiting()
        self._working: asyncio.Task[None] | None = None
        self._landings: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many instances wait for the model."""
        return self._waiting.instances

    def __call__(self, boardings: Sequence[Boarding]) -> None:
        """Compute what is wanted of boardings; what nobody waits for when its turn comes is left out.

        Their flights fail by InvalidBatchError or PredictionError of these rows alone: what fails beside other
        boardings is tried again by halves. Those for which there is no room fail by OverloadedError at once.
        """
        for boarding in boardings:
            self._admit(boarding)
        if self._working is None and self._waiting:
            self._working = asyncio.create_task(self._work(), name="micro-batches")

    async def finish(self) -> None:
        """Wait until nothing is computed or stored any more."""
        while under_way := {*self._landings, *([self._working] if self._working else [])}:
            await asyncio.wait(under_way)

    def _admit(self, boarding: Boarding) -> None:
        """Let a boarding wait, if there is room."""
        wanted, waiting = len(boarding.wanted()), self._waiting.instances
        if waiting and waiting + wanted > self._max_waiting:
            said = f"expected at most {self._max_waiting} instances to wait for the model (max_waiting)"
            retry_after_s = waiting * (self._cost.row_s or 0.0)
            boarding.fail(OverloadedError(f"{said}, got {wanted} more than the {waiting} that do", retry_after_s))
        elif wanted:
            self._waiting.add(boarding, wanted)

    async def _work(self) -> None:
        try:
            while taken := self._waiting.take(self._max_rows):
                await self._answer(taken)
                await self._let_return(len(taken))
        finally:
            self._working = None

    async def _let_return(self, answered: int) -> None:
        """Let those who were just answered ask again before the model is.

        Else they would wait for a call that has just begun without them, and two halves of the callers take turns.
        """
        enough = len(self._waiting) + answered
        quiet = 0
        while quiet < QUIET_TURNS and (before := len(self._waiting)) < enough:
            await asyncio.sleep(0)
            quiet = quiet + 1 if len(self._waiting) == before else 0

    async def _answer(self, taken: _Taken) -> None:
        parts = [(boarding.instances, [flight.row for flight in flights]) for boarding, flights in taken]
        try:
            entries = await self._model_thread.run(lambda: self._compute(gathered(parts)))
        except Exception as exc:  # noqa: BLE001 - whatever it is, somebody waits for it
            await self._answer_by_halves(taken, exc)
            return
        # A task of its own, so that the model's next call does not wait until these are stored.
        landing = asyncio.create_task(self._land(taken, entries), name="landing")
        self._landings.add(landing)
        landing.add_done_callback(self._landings.discard)

    async def _answer_by_halves(self, taken: _Taken, exc: Exception) -> None:
        """Find out whose rows fail: they must not fail their neighbours."""
        if len(taken) == 1:
            taken[0][0].fail(exc)
            return
        middle = len(taken) // 2
        for half in (taken[:middle], taken[middle:]):
            if wanted := [(boarding, still) for boarding, flights in half if (still := _still_wanted(flights, exc))]:
                await self._answer(wanted)

    async def _land(self, taken: _Taken, entries: Sequence[Entry]) -> None:
        pairs = list(zip((flight for _, flights in taken for flight in flights), entries, strict=True))
        kept = {flight.key: entry for flight, entry in pairs if flight.boarding.is_kept}
        try:
            if kept:
                await self._store(kept)
        except Exception as exc:  # noqa: BLE001 - whatever it is, somebody waits for it
            for boarding, _ in taken:
                boarding.fail(exc)
            return
        for flight, entry in pairs:
            flight.land((entry, Origin.MODEL))


def _still_wanted(flights: Sequence[Flight], exc: Exception) -> list[Flight]:
    """Give those that somebody waits for; the others have failed for good."""
    wanted = [flight for flight in flights if flight.callers]
    for flight in flights:
        if not flight.callers:
            flight.fail(exc)
    return wanted
