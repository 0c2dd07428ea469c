"""Batched lookups: keys that miss in one turn of the event loop are looked up in one round trip."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from foreseen.domain.answer import Origin
from foreseen.domain.flights.flight import Boarding
from foreseen.domain.flights.stage import Stage
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Lookup

MAX_KEYS: Final = 1024
"""Keys of one batched lookup: a far longer one would delay all other users of L2."""


class BatchedLookup:
    """The stage that lands keys found in the tiers behind L1, and submits the rest to the next stage.

    L1 missed each key in the turn in which its flight began. Looking up sixty-four keys in L2 at once costs about as
    much as three lookups of one key each.
    """

    def __init__(
        self, slower_tiers: Lookup, next_stage: Stage, *, bypasses: Callable[[Sequence[Key]], bool] | None = None
    ) -> None:
        """Accept the tiers, and the stage of what they do not hold.

        Args:
            bypasses: returns whether the keys of a turn are all to be treated as misses, without waiting for anything;
                None where each is looked up.
        """
        self._slower_tiers = slower_tiers
        self._next_stage = next_stage
        self._bypasses = bypasses
        self._gathered: list[Boarding] = []
        self._lookups: set[asyncio.Task[None]] = set()

    def submit(self, boardings: Sequence[Boarding]) -> None:
        """Look up the keys of boardings, together with all that are submitted in this turn."""
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._start)
        self._gathered += boardings

    async def finish(self) -> None:
        """Wait until no lookup is under way."""
        while self._lookups:
            await asyncio.wait(self._lookups)

    def _start(self) -> None:
        gathered, self._gathered = self._gathered, []
        if self._bypasses is not None and self._bypasses([flight.key for each in gathered for flight in each.flights]):
            self._next_stage.submit(gathered)
            return
        for group in _grouped(gathered):
            lookup = asyncio.create_task(self._look_up(group), name="batched lookup")
            self._lookups.add(lookup)
            lookup.add_done_callback(self._lookups.discard)

    async def _look_up(self, boardings: Sequence[Boarding]) -> None:
        keys = [flight.key for boarding in boardings for flight in boarding.wanted()]
        try:
            found = await self._slower_tiers.get_many(keys) if keys else {}
        except Exception as exc:  # noqa: BLE001 - callers wait, whatever it is
            for boarding in boardings:
                boarding.fail(exc)
            return
        for boarding in boardings if found else ():
            for flight in boarding.flights:
                if (entry := found.get(flight.key)) is not None:
                    flight.land((entry, Origin.L2))
        if missing := [boarding for boarding in boardings if boarding.wanted()]:
            self._next_stage.submit(missing)


def _grouped(boardings: Sequence[Boarding]) -> Iterator[list[Boarding]]:
    """Split boardings into lookups of at most MAX_KEYS; a boarding is never divided."""
    group: list[Boarding] = []
    size = 0
    for boarding in boardings:
        if group and size + len(boarding.flights) > MAX_KEYS:
            yield group
            group, size = [], 0
        group.append(boarding)
        size += len(boarding.flights)
    yield group
