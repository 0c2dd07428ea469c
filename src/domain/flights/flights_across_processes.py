"""Flights across processes: one computation per key among all processes that share a cache, where it pays."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Final

from foreseen.domain.answer import Origin
from foreseen.domain.flights.flight import Boarding, Flight
from foreseen.domain.flights.stage import Stage
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.ports import Leases

WAITS: Final = 2
"""How often a key is waited for in vain before it is computed: for a process that died, and for one that took over."""

LARGEST: Final = 256
"""Keys of a boarding beyond which it claims no leases: its caller waits for all of them in any case."""

PATIENCE_S: Final = 5.0
PATIENCE_ROWS: Final = 10
UNKNOWN_PATIENCE_S: Final = 30.0
"""How long a live process is waited for: it may be busy with much else, or its model may hang.

The time of ten instances, five seconds at least; thirty seconds while the cost of an instance is unknown.
"""


class _Part(Boarding):
    """Some flights of a boarding, resolved separately; reports each that is over or no longer wanted."""

    __slots__ = ("_on_over",)

    def __init__(self, whole: Boarding, flights: Sequence[Flight], on_over: Callable[[Flight], object]) -> None:
        super().__init__({}, whole.instances, whole.in_flight, is_kept=whole.is_kept)
        self.flights = list(flights)
        self._on_over = on_over
        for flight in flights:
            flight.boarding = self

    def forget(self, flight: Flight) -> None:
        super().forget(flight)
        self._on_over(flight)


class FlightsAcrossProcesses:
    """The stage that submits what this process is to compute, and lands what another one has computed.

    A key whose lease is ours goes to the model at once, beside others of the same caller that wait for theirs: no
    process that holds a lease waits for another lease before it computes.

    Attributes:
        min_cost_s: seconds; an instance known to cost the model less is computed without a lease.
    """

    def __init__(
        self,
        leases: Leases,
        next_stage: Stage,
        put: Callable[[Mapping[Key, Entry]], Awaitable[None]],
        *,
        cost: ModelCost,
        min_cost_s: float,
    ) -> None:
        """Accept the stage that computes, and where entries of other processes are put.

        Args:
            cost: the model's.
        """
        self._leases = leases
        self._next_stage = next_stage
        self._put = put
        self._cost = cost
        self.min_cost_s = min_cost_s
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, boardings: Sequence[Boarding]) -> None:
        """Claim leases for boardings, except for those of many keys, and except while the model is cheap."""
        if self._cost.is_below(self.min_cost_s):
            self._next_stage.submit(boardings)
            return
        small = [boarding for boarding in boardings if len(boarding.flights) <= LARGEST]
        if small:
            self._begin(self._share(small, WAITS), small)
        if len(small) < len(boardings):
            self._next_stage.submit([boarding for boarding in boardings if len(boarding.flights) > LARGEST])

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
            self._leases.settle(key, None)  # no caller wants it any more
        self._next_stage.submit(ours)

    def _wait(self, boarding: Boarding, flight: Flight, waits: int) -> None:
        part = _Part(boarding, [flight], lambda _: waiting.cancel())
        waiting = self._begin(self._wait_for(flight, part, waits), [part])

    async def _wait_for(self, flight: Flight, part: Boarding, waits: int) -> None:
        try:
            async with asyncio.timeout(self._patience_s()):
                entry = await self._leases.wait(flight.key)
        except TimeoutError:
            self._next_stage.submit([part])
            return
        if entry is not None:
            # Into every tier: L2 has it already, unless the other process died with it.
            await self._put({flight.key: entry})
            flight.land((entry, Origin.COALESCED))
        elif waits > 1:
            # A task of its own, which does not end with the last caller: it may come to hold a lease.
            self._begin(self._share([part], waits - 1), [part])
        else:
            self._next_stage.submit([part])

    def _patience_s(self) -> float:
        row_s = self._cost.row_s
        return UNKNOWN_PATIENCE_S if row_s is None else max(PATIENCE_S, PATIENCE_ROWS * row_s)

    def _settle(self, flight: Flight) -> None:
        self._leases.settle(flight.key, flight.landed[0] if flight.landed else None)

    def _begin(self, finding: Coroutine[object, None, None], boardings: Sequence[Boarding]) -> asyncio.Task[None]:
        task = asyncio.create_task(finding, name="flights across processes")
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._end(task, boardings))
        return task

    def _end(self, task: asyncio.Task[None], boardings: Sequence[Boarding]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(exc := task.exception(), Exception):  # callers wait for it
            for boarding in boardings:
                boarding.fail(exc)
