"""Coalescing: one computation per key in flight, however many callers need it at once."""

import asyncio
import math
from collections.abc import Collection, Mapping

from foreseen.domain.answer import Landed, Origin
from foreseen.domain.flights.flight import Boarding, Caller, Flight
from foreseen.domain.flights.stage import Stage
from foreseen.domain.identity.key import Key
from foreseen.domain.values.batch import Instances


class Flights:
    """Coalesces callers that need the same key at the same time.

    A flight outlives the caller who began it as long as another waits for it. When its last caller leaves, it is
    dropped at whatever stage it is, unless the model has started on it: the next caller of its key then joins it. An
    error reaches every caller, with one exception: a caller that joined a flight which failed together with keys that
    it does not need tries once more with its own keys alone.
    """

    def __init__(self, first_stage: Stage, *, are_kept: bool = True) -> None:
        """Accept the stage that flights begin at, and whether the model's answers are put into the cache."""
        self._first_stage = first_stage
        self._are_kept = are_kept
        self._in_flight: dict[Key, Flight] = {}

    def __len__(self) -> int:
        """How many keys are in flight."""
        return len(self._in_flight)

    async def join(
        self, rows: Mapping[Key, int], instances: Instances, *, deadline: float = math.inf
    ) -> dict[Key, Landed]:
        """Wait for the answer to each key: join the flights under way, and begin those that are not.

        Args:
            rows: the number of each key's instance.
            deadline: when to stop waiting, in the event loop's time.
        Returns:
            What each key landed with. What the model computed for an earlier caller is marked as coalesced.
        Raises:
            DeadlineExceededError: the deadline passed first.
            Exception: whatever a stage failed a flight with.
        """
        coalesced = {key for key in rows if key in self._in_flight}
        flights = await self._wait_for(rows, instances, coalesced, deadline)
        # A flight of the caller's own that failed has raised; one that it joined may have failed for other keys.
        again = {
            key: rows[key]
            for key in coalesced
            if flights[key].error is not None and flights[key].boarding.has_others_than(rows)
        }
        if again:
            flights |= await self._wait_for(again, instances, (), deadline, purely=True)
        found: dict[Key, Landed] = {}
        for key, flight in flights.items():
            if flight.landed is None:
                raise flight.error or asyncio.CancelledError
            entry, origin = flight.landed
            found[key] = (entry, Origin.COALESCED) if key in coalesced and origin is Origin.MODEL else flight.landed
        return found

    async def _wait_for(
        self,
        rows: Mapping[Key, int],
        instances: Instances,
        coalesced: Collection[Key],
        deadline: float,
        *,
        purely: bool = False,
    ) -> dict[Key, Flight]:
        """Wait until every flight is over. A caller that leaves earlier, for whatever reason, leaves nothing behind."""
        flights, begun = self._board(rows, instances, purely=purely)
        caller = Caller(len(flights), coalesced)
        for flight in flights.values():
            flight.callers.add(caller)
        timer = None if deadline == math.inf else asyncio.get_running_loop().call_at(deadline, caller.expire)
        try:
            if begun is not None:
                self._first_stage.submit([begun])
            await caller.done
        finally:
            if timer is not None:
                timer.cancel()
            for flight in flights.values():
                if not flight.is_over:
                    flight.leave(caller)
        if caller.error is not None:
            raise caller.error
        return flights

    def _board(
        self, rows: Mapping[Key, int], instances: Instances, *, purely: bool
    ) -> tuple[dict[Key, Flight], Boarding | None]:
        """Return the flight of each key, a new one where none is under way.

        Args:
            purely: whether to ignore a flight under way that began with other keys as well.
        Returns:
            The flights, and the boarding of the new ones, which no stage has started on.
        """
        joined: dict[Key, Flight] = {}
        new: dict[Key, int] = {}
        for key, row in rows.items():
            flight = self._in_flight.get(key)
            if flight is None or (purely and flight.boarding.has_others_than(rows)):
                new[key] = row
            else:
                joined[key] = flight
        if not new:
            return joined, None
        boarding = Boarding(new, instances, self._in_flight, is_kept=self._are_kept)
        begun = {flight.key: flight for flight in boarding.flights}
        self._in_flight |= begun
        return ({key: joined.get(key) or begun[key] for key in rows} if joined else begun), boarding
