"""Coalescing: one computation per key in flight, however many ask for it at once."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from foreseen.domain.answer import Landed
from foreseen.domain.key import Key
from foreseen.domain.rows import Instances


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
        """Take out a caller who waits no longer; a key that nobody waits for is asked for anew by the next."""
        self.callers.discard(caller)
        if not self.callers and not self.is_over:
            self.boarding.forget(self)

    def _end(self) -> None:
        self.boarding.forget(self)
        for caller in self.callers:
            caller.count_down()
        self.callers.clear()


class Boarding:
    """The keys that one caller was the first to ask for: they are found together, and fail together.

    Attributes:
        instances: what they stand for.
        flights: one a key.
        in_flight: where its keys are known to be in flight while they are.
        is_kept: whether what the model answers is stored.
    """

    __slots__ = ("flights", "in_flight", "instances", "is_kept")

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
        self.in_flight = in_flight

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


class _Caller:
    """Somebody who waits for some flights."""

    __slots__ = ("_left", "over")

    def __init__(self, flights: int) -> None:
        self.over: Final = asyncio.get_running_loop().create_future()
        self._left = flights

    def count_down(self) -> None:
        self._left -= 1
        if self._left == 0 and not self.over.done():
            self.over.set_result(None)


async def wait_for(flights: Iterable[Flight]) -> None:
    """Wait until all are over; who is cancelled meanwhile leaves them."""
    awaited = [flight for flight in flights if not flight.is_over]
    if not awaited:
        return
    caller = _Caller(len(awaited))
    for flight in awaited:
        flight.callers.add(caller)
    try:
        await caller.over
    finally:
        for flight in awaited:
            flight.leave(caller)


class Flights:
    """Joins callers who ask for the same key at the same time.

    What finds a key outlives the caller who began it as long as another waits for it; a key that nobody waits for any
    more is let go wherever it stands, but for the model that has begun on it. An error reaches everybody who waits,
    with one exception: a caller who joined for some of the keys that failed together asks once more for its own.
    """

    def __init__(self, depart: Callable[[Boarding], None], *, are_kept: bool = True) -> None:
        """Take what sets about finding the keys of a boarding, not before this turn of the event loop is over.

        Args:
            are_kept: whether what the model answers is stored.
        """
        self._depart = depart
        self._are_kept = are_kept
        self._in_flight: dict[Key, Flight] = {}

    def __len__(self) -> int:
        """How many keys are in flight."""
        return len(self._in_flight)

    async def __call__(self, rows: Mapping[Key, int], instances: Instances) -> tuple[dict[Key, Landed], set[Key]]:
        """Find keys, joining what is under way.

        Args:
            rows: of each key, the number of its instance.
        Returns:
            What was found of each, and which keys somebody else had asked for before.
        Raises:
            Whatever finding them raised.
        """
        joined = {key for key in rows if key in self._in_flight}
        boarded = self._board(rows, instances)
        await wait_for(boarded.values())
        # A flight of one's own that failed has failed its caller; one that was joined may have failed for other keys.
        again = {
            key: rows[key]
            for key in joined
            if (flight := boarded[key]).error is not None and flight.boarding.has_others_than(rows)
        }
        if again and not any(boarded[key].error for key in rows.keys() - joined):
            retried = self._board(again, instances, purely=True)
            await wait_for(retried.values())
            boarded |= retried
        return {key: _landed(flight) for key, flight in boarded.items()}, joined

    def _board(self, rows: Mapping[Key, int], instances: Instances, *, purely: bool = False) -> dict[Key, Flight]:
        """Give each key its flight, a new one where there is none; purely: where there is none with other keys."""
        boarded: dict[Key, Flight] = {}
        new: dict[Key, int] = {}
        for key, row in rows.items():
            flight = self._in_flight.get(key)
            if flight is None or (purely and flight.boarding.has_others_than(rows)):
                new[key] = row
            else:
                boarded[key] = flight
        if new:
            boarding = Boarding(new, instances, self._in_flight, is_kept=self._are_kept)
            started = {flight.key: flight for flight in boarding.flights}
            self._in_flight |= started
            self._depart(boarding)
            boarded = {key: boarded.get(key) or started[key] for key in rows} if boarded else started
        return boarded


def _landed(flight: Flight) -> Landed:
    if flight.landed is None:
        raise flight.error or asyncio.CancelledError
    return flight.landed
