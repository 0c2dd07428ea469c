"""Lookups gathered by tick: all keys first asked for in one turn of the event loop are looked up at once."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from foreseen.domain.answer import Origin
from foreseen.domain.flights.coalescing import Boarding
from foreseen.domain.ports import Cache

MAX_KEYS: Final = 1024
"""Keys of one lookup that is put together: one far longer would keep a shared tier from everybody else."""


class GatheredLookup:
    """Lands what the cache knows, and hands on the rest.

    Sixty-four keys in one lookup of a far tier cost about as much as three in one each.
    """

    def __init__(self, cache: Cache, hand_on: Callable[[Sequence[Boarding]], None]) -> None:
        """Take what finds those that the cache does not know."""
        self._cache = cache
        self._hand_on = hand_on
        self._gathered: list[Boarding] = []
        self._lookups: set[asyncio.Task[None]] = set()

    def __call__(self, boarding: Boarding) -> None:
        """Look up the keys of a boarding, together with all that come in this turn."""
        if not self._gathered:
            asyncio.get_running_loop().call_soon(self._depart)
        self._gathered.append(boarding)

    async def finish(self) -> None:
        """Wait until nothing is looked up any more."""
        while self._lookups:
            await asyncio.wait(self._lookups)

    def _depart(self) -> None:
        gathered, self._gathered = self._gathered, []
        for group in _grouped(gathered):
            lookup = asyncio.create_task(self._look_up(group), name="gathered lookup")
            self._lookups.add(lookup)
            lookup.add_done_callback(self._lookups.discard)

    async def _look_up(self, boardings: Sequence[Boarding]) -> None:
        keys = [flight.key for boarding in boardings for flight in boarding.wanted()]
        try:
            known = await self._cache.get_many(keys) if keys else {}
        except Exception as exc:  # noqa: BLE001 - whatever it is, somebody waits for it
            for boarding in boardings:
                boarding.fail(exc)
            return
        for boarding in boardings if known else ():
            for flight in boarding.flights:
                if (entry := known.get(flight.key)) is not None:
                    flight.land((entry, Origin.L2))
        if missing := [boarding for boarding in boardings if boarding.wanted()]:
            self._hand_on(missing)


def _grouped(boardings: Sequence[Boarding]) -> Iterator[list[Boarding]]:
    """Cut what came into lookups of at most MAX_KEYS; one caller's keys stay together."""
    group: list[Boarding] = []
    size = 0
    for boarding in boardings:
        if group and size + len(boarding.flights) > MAX_KEYS:
            yield group
            group, size = [], 0
        group.append(boarding)
        size += len(boarding.flights)
    yield group
