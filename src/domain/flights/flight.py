"""Flight: one key on its way to an answer, with the callers who wait for it."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from foreseen.domain.answer import Landed
from foreseen.domain.errors import DeadlineExceededError
from foreseen.domain.identity.key import Key
from foreseen.domain.values.batch import Instances


@dataclass(eq=False, slots=True)
class Flight:
    """One key from the first caller's miss until it has an answer or an error.

    Attributes:
        key: the key to find.
        row: the number of its instance within its boarding.
        boarding: the flights that began together with it.
        callers: those who wait for it.
        landed: its answer, once there is one.
        error: why there is none.
        is_over: whether it has landed or failed.
    """

    key: Key
    row: int
    boarding: "Boarding"
    callers: "set[Caller]" = field(default_factory=set)
    landed: Landed | None = None
    error: Exception | None = None
    is_over: bool = False

    def land(self, landed: Landed) -> None:
        """Answer every caller, unless the flight is over."""
        if not self.is_over:
            self.landed = landed
            self._end()

    def fail(self, error: Exception) -> None:
        """Fail every caller, unless the flight is over."""
        if not self.is_over:
            self.error = error
            self._end()

    def leave(self, caller: "Caller") -> None:
        """Remove a caller. When the last one leaves, drop the flight unless the model has started on it."""
        self.callers.discard(caller)
        if not self.callers and not self.is_over and not self.boarding.is_begun:
            self.boarding.forget(self)

    def _end(self) -> None:
        self.is_over = True
        self.boarding.forget(self)
        for caller in self.callers:
            caller.count_over(self)
        self.callers.clear()


class Boarding:
    """The flights that one caller was the first to need: stages pass them on together, and they fail together.

    Attributes:
        instances: the instances that the rows of its flights index.
        flights: one for each key.
        in_flight: the table in which callers find these flights while they are under way.
        is_kept: whether the model's answers are put into the cache.
        is_begun: whether the model has started on it; it then finishes, wanted or not.
        on_forgetting: called each time that one of its flights is no longer wanted.
    """

    __slots__ = ("flights", "in_flight", "instances", "is_begun", "is_kept", "on_forgetting")

    def __init__(
        self, rows: Mapping[Key, int], instances: Instances, in_flight: dict[Key, Flight], *, is_kept: bool
    ) -> None:
        """Accept the number of each key's instance."""
        self.instances = instances
        self.flights = [Flight(key, row, self) for key, row in rows.items()]
        self.is_kept = is_kept
        self.is_begun = False
        self.in_flight = in_flight
        self.on_forgetting: Callable[[Boarding], None] | None = None

    def wanted(self) -> list[Flight]:
        """Return the flights that a caller still waits for."""
        return [flight for flight in self.flights if flight.callers]

    def fail(self, error: Exception) -> None:
        """Fail every flight that is not over."""
        for flight in self.flights:
            flight.fail(error)

    def has_others_than(self, keys: Mapping[Key, int]) -> bool:
        """Return whether any of its keys is not among these."""
        return any(flight.key not in keys for flight in self.flights)

    def forget(self, flight: Flight) -> None:
        """Let the next caller of a key begin a new flight."""
        if self.in_flight.get(flight.key) is flight:
            del self.in_flight[flight.key]
        if self.on_forgetting is not None:
            self.on_forgetting(self)


class Caller:
    """A request that waits for some flights.

    Attributes:
        done: resolved when there is nothing left to wait for.
        error: why that is so before every flight is over.
    """

    __slots__ = ("_coalesced", "_left", "done", "error")

    def __init__(self, flights: int, coalesced: Collection[Key]) -> None:
        """Accept the number of flights, and the keys of those that another caller began."""
        self.done: Final = asyncio.get_running_loop().create_future()
        self.error: Exception | None = None
        self._left = flights
        self._coalesced = coalesced

    def count_over(self, flight: Flight) -> None:
        """Count a flight that is over. One of the caller's own that failed ends its wait for the others."""
        self._left -= 1
        if flight.error is not None and flight.key not in self._coalesced:
            self._stop(flight.error)
        elif self._left == 0 and not self.done.done():
            self.done.set_result(None)

    def expire(self) -> None:
        """Stop waiting: the deadline has passed."""
        self._stop(DeadlineExceededError("expected an answer before the deadline (timeout, Request-Timeout), got none"))

    def _stop(self, error: Exception) -> None:
        if not self.done.done():
            self.error = error
            self.done.set_result(None)
