"""Shared flights: one computation per key among all processes that share a tier, where it pays."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from foreseen.domain.answer import Origin
from foreseen.domain.flights.coalescing import Boarding, Flight
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.ports import Leases

WAITS: Final = 2
"""How often one waits for a key in vain before computing it: for a process that died, and for one that took over."""

LARGEST: Final = 256
"""Keys of a boarding beyond which others are not asked: it is a file, and who waits for one row waits for all."""

PATIENCE_S: Final = 5.0
PATIENCE_ROWS: Final = 10
UNKNOWN_PATIENCE_S: Final = 30.0
"""How long one waits for a process that lives: it may be busy with much else, or its model may hang.

The time of ten instances, five seconds at least; thirty seconds as long as nobody knows what an instance costs.
"""


class _Part(Boarding):
    """Some flights of a boarding, found by themselves; says of each when it is over, or not wanted any more."""

    __slots__ = ("_over",)

    def __init__(self, whole: Boarding, flights: Sequence[Flight], over: Callable[[Flight], object]) -> None:
        super().__init__({}, whole.instances, whole.in_flight, is_kept=whole.is_kept)
        self.flights = list(flights)
        self._over = over
        for flight in flights:
            flight.boarding = self

    def forget(self, flight: Flight) -> None:
        super().forget(flight)
        self._over(flight)


class SharedFlights:
    """Hands on what is ours to compute, and lands the rest when another process has computed it.

    A key that is claimed goes to the model at once, beside others of its caller that are waited for: nobody who holds
    a lease waits for another one before computing.
    """

    def __init__(
        self,
        leases: Leases,
        hand_on: Callable[[Sequence[Boarding]], None],
        store: Callable[[Mapping[Key, Entry]], Awaitable[None]],
        *,
        cost: ModelCost,
        above_s: float,
    ) -> None:
        """Take what computes boardings, and what keeps entries.

        Args:
            cost: of the model; an instance that costs less than `above_s` seconds is computed without asking anybody.
                As long as nothing is known of it, others are asked.
        """
        self._leases = leases
        self._hand_on = hand_on
        self._store = store
        self._cost = cost
        self._above_s = above_s
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, boardings: Sequence[Boarding]) -> None:
        """Find what is wanted of boardings."""
        if self._cost.is_below(self._above_s):
            self._hand_on(boardings)
            return
        small = [boarding for boarding in boardings if len(boarding.flights) <= LARGEST]
        if small:
            self._begin(self._share(small, WAITS), small)
        if len(small) < len(boardings):
            self._hand_on([boarding for boarding in boardings if len(boarding.flights) > LARGEST])

    async def _share(self, boardings: Sequence[Boarding], waits: int) -> None:
        claimed = await self._leases.claim([flight.key for boarding in boardings for flight in boarding.wanted()])
        ours: list[Boarding] = []
        for boarding in boardings:
            wanted = boarding.wanted()
            if mine := [flight for flight in wanted if flight.key in claimed]:
                ours.append(_Part(boarding, mine, self._settle))
            for flight in wanted:
                if flight.key not in claimed:
                    self._wait(boarding, flight, waits)
        for key in claimed - {flight.key for part in ours for flight in part.flights}:
            self._leases.settle(key, None)  # nobody wants it any more
        self._hand_on(ours)

    def _wait(self, boarding: Boarding, flight: Flight, waits: int) -> None:
        part = _Part(boarding, [flight], lambda _: waiting.cancel())
        waiting = self._begin(self._wait_for(flight, part, waits), [part])

    async def _wait_for(self, flight: Flight, part: Boarding, waits: int) -> None:
        try:
            async with asyncio.timeout(self._patience_s()):
                entry = await self._leases.wait(flight.key)
        except TimeoutError:
            self._hand_on([part])
            return
        if entry is not None:
            # Into all tiers: it is there already in the far one, unless its process died with it.
            await self._store({flight.key: entry})
            flight.land((entry, Origin.JOINED))
        elif waits > 1:
            # A task of its own, which does not end with the last who waits: it may come to hold a lease.
            self._begin(self._share([part], waits - 1), [part])
        else:
            self._hand_on([part])

    def _patience_s(self) -> float:
        row_s = self._cost.row_s
        return UNKNOWN_PATIENCE_S if row_s is None else max(PATIENCE_S, PATIENCE_ROWS * row_s)

    def _settle(self, flight: Flight) -> None:
        self._leases.settle(flight.key, flight.landed[0] if flight.landed else None)

    def _begin(self, finding: Coroutine[Any, Any, None], boardings: Sequence[Boarding]) -> asyncio.Task[None]:
        task = asyncio.create_task(finding, name="shared flights")
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._end(task, boardings))
        return task

    def _end(self, task: asyncio.Task[None], boardings: Sequence[Boarding]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(exc := task.exception(), Exception):  # somebody waits for it
            for boarding in boardings:
                boarding.fail(exc)
