"""ServiceCounts: the counts and gauges of this process, and their sums over all processes of the service."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

from foreseen.domain.counters import SIZE, Numbers, Tally
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.wiring.instruments import Instruments

READ_EVERY_S: Final = 1.0
"""Seconds between two updates of a process's gauges, if other processes sum them up."""

GAUGE_PLACES: Final = 16
"""Numbers of a slot after its tally: the time of the last update, and the gauges."""

STALE_AFTER_S: Final = 5.0
"""Seconds without an update after which the gauges of a process are left out: it is dead, or suspended."""


class Totals(NamedTuple):
    """The counts of all processes since the start, and their current gauges.

    Attributes:
        gauges: sums by name, for the gauges that this kind of cache has.
        processes: how many processes report their gauges.
    """

    tally: Tally
    gauges: Mapping[str, float]
    processes: int


class ServiceCounts:
    """The counts of one process, in its slot: the tally, then the time of the last update, then the gauges.

    An update adds the counts of instruments to the tally, since the slot outlives the process.
    """

    def __init__(
        self,
        tally: Tally,
        instruments: Instruments,
        slots: Slots | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Accept the tally of this process, which is in its slot if there are slots.

        Args:
            clock: monotonic, in seconds, the same in all processes.
        """
        self._tally = tally
        self._instruments = instruments
        self._slots = slots
        self._clock = clock
        self._counted = dict.fromkeys(instruments.counters, 0.0)
        # After the tally if there are slots; otherwise in a list of their own.
        self._gauges: Numbers = slots.claim()[SIZE:] if slots else [0.0] * GAUGE_PLACES

    def show(self, instruments: Instruments) -> None:
        """Read other instruments from now on, which have the same names and places; earlier counts remain."""
        self._instruments = instruments

    def read(self) -> None:
        """Update the tally and the gauges from the instruments."""
        for place, counted in self._instruments.counters.items():
            before, self._counted[place] = self._counted[place], counted()
            self._tally.counts[place] += self._counted[place] - before
        for place, shown in enumerate(self._instruments.gauges.values()):
            self._gauges[place + 1] = shown()
        self._gauges[0] = self._clock()

    def totals(self) -> Totals:
        """Return the totals of all processes: of this one as of now, of others as of their last update."""
        self.read()
        rows: Sequence[tuple[Numbers, Numbers]] = [(self._tally.counts, self._gauges)]
        if self._slots:
            rows = [(slot, slot[SIZE:]) for slot in self._slots.all()]
        since = self._clock() - STALE_AFTER_S
        shown = [gauges for _, gauges in rows if gauges[0] > since]
        names = enumerate(self._instruments.gauges, start=1)
        sums = {name: sum(gauges[place] for gauges in shown) for place, name in names}
        return Totals(Tally.summed(Tally(counts) for counts, _ in rows), sums, len(shown))

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """Keep the slot up to date for other processes, if there are any, and mark it stale afterwards."""
        self.read()
        reading = asyncio.create_task(self._read_again(), name="read the gauges") if self._slots else None
        try:
            yield
        finally:
            if reading is not None:
                reading.cancel()
                with suppress(asyncio.CancelledError):
                    await reading
            self.read()
            self._gauges[0] = 0.0

    async def _read_again(self) -> None:
        while True:
            await asyncio.sleep(READ_EVERY_S)
            self.read()
