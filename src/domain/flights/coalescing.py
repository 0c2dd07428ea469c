"""Coalescing: one computation per key in flight, however many ask for it at once."""

import asyncio
import math
from collections.abc import Callable, Collection, Mapping
from typing import Final

from foreseen.domain.answer import Landed
from foreseen.domain.errors import DeadlineExceededError
from foreseen.domain.flights.deadlines import Deadlines
from foreseen.domain.identity.key import Key
from foreseen.domain.values.instances import Instances


class Flight:
    """One key while it is found.

    Attributes:
        key: what is asked for.
        row: the number of its instance among those of its boarding.
        boarding: what it was asked for together with.
        landed: what was found of it.
        error: why nothing was.
    """

    __slots__ = ("boarding", "callers", "error", "key", "landed", "row")

    def __init__(self, key: Key, row: int, boarding: "Boarding") -> None:
        self.key = key
        self.row = row
        self.boarding = boarding
        self.landed: Landed | None = None
        self.error: Exception | None = None
        self.callers: set[_Caller] = set()

    @property
    def is_over(self) -> bool:
        """Whether it has landed or failed."""
        return self.landed is not None or self.error is not None

    def land(self, landed: Landed) -> None:
        """Give everybody who waits what was found."""
        if not self.is_over:
            self.landed = landed
            self._end()

    def fail(self, error: Exception) -> None:
        """Tell everybody who waits that nothing was found."""
        if not self.is_over:
            self.error = error
            self._end()

    def leave(self, caller: "_Caller") -> None:
        """Take out a caller who waits no longer; a key that nobody waits for is asked for anew by the next.

        Unless the model has begun on it: then the next who asks waits for that.
        """
        self.callers.discard(caller)
        if not self.callers and not self.is_over and not self.boarding.is_begun:
            self.boarding.forget(self)

    def _end(self) -> None:
        self.boarding.forget(self)
        for caller in self.callers:
            caller.hear_of(self)
        self.callers.clear()


class Boarding:
    """The keys that one caller was the first to ask for: they are found together, and fail together.

    Attributes:
        instances: what they stand for.
        flights: one a key.
        in_flight: where its keys are known to be in flight while they are.
        is_kept: whether what the model answers is stored.
        is_begun: whether the model computes it; it goes on with that, wanted or not.
        on_forgetting: told each time that one of its keys is not wanted any more, while somebody asks for that.
    """

    __slots__ = ("flights", "in_flight", "instances", "is_begun", "is_kept", "on_forgetting")

    def __init__(
        self,
        rows: Mapping[Key, int],
        instances: Instances,
        in_flight: dict[Key, Flight],
        *,
        is_kept: bool,
    ) -> None:
        """Take of each key the number of its instance."""
        self.instances = instances
        self.flights = [Flight(key, row, self) for key, row in rows.items()]
        self.is_kept = is_kept
        self.is_begun = False
        self.in_flight = in_flight
        self.on_forgetting: Callable[[Boarding], None] | None = None

    def wanted(self) -> list[Flight]:
        """Give those that somebody still waits for."""
        return [flight for flight in self.flights if flight.callers]

    def fail(self, error: Exception) -> None:
        """Fail all that have not landed."""
        for flight in self.flights:
            flight.fail(error)

    def has_others_than(self, keys: Mapping[Key, int]) -> bool:
        """Tell whether any key here is none of these."""
        return any(flight.key not in keys for flight in self.flights)

    def forget(self, flight: Flight) -> None:
        """Let the next who asks for a key begin anew."""
        if self.in_flight.get(flight.key) is flight:
            del self.in_flight[flight.key]
        if self.on_forgetting is not None:
            self.on_forgetting(self)


class _Caller:
    """Somebody who waits for some flights.

    Attributes:
        over: done when there is nothing to wait for any more.
        error: why that is so before all are over.
    """

    __slots__ = ("_joined", "_left", "error", "over")

    def __init__(self, flights: int, joined: Collection[Key]) -> None:
        """Take how many, and the keys of those that somebody else began."""
        self.over: Final = asyncio.get_running_loop().create_future()
        self.error: Exception | None = None
        self._left = flights
        self._joined = joined

    def hear_of(self, flight: Flight) -> None:
        """Count one that is over; where one's own failed, the others are waited for in vain."""
        self._left -= 1
        if flight.error is not None and flight.key not in self._joined:
            self._give_up(flight.error)
        elif self._left == 0 and not self.over.done():
            self.over.set_result(None)

    def expire(self) -> None:
        """Wait no longer."""
        self._give_up(
            DeadlineExceededError("expected an answer in the time of the request (timeout, Request-Timeout), got none")
        )

    def _give_up(self, error: Exception) -> None:
        if not self.over.done():
            self.error = error
            self.over.set_result(None)


class Flights:
    """Joins callers who ask for the same key at the same time.

    What finds a key outlives the caller who began it as long as another waits for it; a key that nobody waits for any
    more is let go wherever it stands, but for the model that has begun on it: who asks then joins that. An error
    reaches everybody who waits, with one exception: a caller who joined for some of the keys that failed together asks
    once more for its own.
    """

    def __init__(
        self, depart: Callable[[Boarding], None], *, are_kept: bool = True, deadlines: Deadlines | None = None
    ) -> None:
        """Take what sets about finding the keys of a boarding.

        Args:
            are_kept: whether what the model answers is stored.
            deadlines: where callers wait until theirs; its own if it is given none.
        """
        self._depart = depart
        self._are_kept = are_kept
        self._deadlines = deadlines or Deadlines()
        self._in_flight: dict[Key, Flight] = {}

    def __len__(self) -> int:
        """How many keys are in flight."""
        return len(self._in_flight)

    async def __call__(
        self, rows: Mapping[Key, int], instances: Instances, *, until: float = math.inf
    ) -> tuple[dict[Key, Landed], set[Key]]:
        """Find keys, joining what is under way.

        Args:
            rows: of each key, the number of its instance.
            until: when to give up, in seconds of the event loop's time.
        Returns:
            What was found of each, and which keys somebody else had asked for before.
        Raises:
            DeadlineExceededError: it was not found by then.
            Whatever finding them raised.
        """
        joined = {key for key in rows if key in self._in_flight}
        boarded = await self._find(rows, instances, joined, until)
        # A flight of one's own that failed has failed its caller; one that was joined may have failed for other keys.
        again = {
            key: rows[key]
            for key in joined
            if (flight := boarded[key]).error is not None and flight.boarding.has_others_than(rows)
        }
        if again:
            boarded |= await self._find(again, instances, (), until, purely=True)
        return {key: _landed(flight) for key, flight in boarded.items()}, joined

    async def _find(
        self,
        rows: Mapping[Key, int],
        instances: Instances,
        joined: Collection[Key],
        until: float,
        *,
        purely: bool = False,
    ) -> dict[Key, Flight]:
        """Wait until all are over; who leaves before, for whatever reason, leaves nothing behind."""
        boarded, begun = self._board(rows, instances, purely=purely)
        caller = _Caller(len(boarded), joined)
        for flight in boarded.values():
            flight.callers.add(caller)
        due = None if until == math.inf else self._deadlines.join(caller, until)
        try:
            if begun is not None:
                self._depart(begun)
            await caller.over
        finally:
            if due is not None:
                due.discard(caller)
            for flight in boarded.values():
                flight.leave(caller)
        if caller.error is not None:
            raise caller.error
        return boarded

    def _board(
        self, rows: Mapping[Key, int], instances: Instances, *, purely: bool
    ) -> tuple[dict[Key, Flight], Boarding | None]:
        """Give each key its flight, a new one where there is none; purely: where there is none with other keys.

        Returns:
            The flights, and the boarding of those that are new; nothing has set about finding it yet.
        """
        boarded: dict[Key, Flight] = {}
        new: dict[Key, int] = {}
        for key, row in rows.items():
            flight = self._in_flight.get(key)
            if flight is None or (purely and flight.boarding.has_others_than(rows)):
                new[key] = row
            else:
                boarded[key] = flight
        if not new:
            return boarded, None
        boarding = Boarding(new, instances, self._in_flight, is_kept=self._are_kept)
        started = {flight.key: flight for flight in boarding.flights}
        self._in_flight |= started
        return ({key: boarded.get(key) or started[key] for key in rows} if boarded else started), boarding


def _landed(flight: Flight) -> Landed:
    if flight.landed is None:
        raise flight.error or asyncio.CancelledError
    return flight.landed
