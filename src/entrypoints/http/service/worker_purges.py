"""SlotProcesses: the workers of one service purge by numbers in their slots, where there is no Redis between them.

Each worker looks at the slots a few times a second. A signal would be quicker, and might end a process that has not
set a handler yet, or a stranger that has got the number of one that has ended.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Protocol

from foreseen.domain.purging import Reached
from foreseen.entrypoints.http.counting.shared_memory_slots import SLOT_NUMBERS, Slots

REQUESTED: Final = SLOT_NUMBERS - 4
"""Where the worker that was requested to purge writes when that was, as all processes measure time."""
DONE: Final = SLOT_NUMBERS - 3
"""Where each worker writes the last of these times that it has purged for."""
REMOVED: Final = SLOT_NUMBERS - 2
"""Where it writes how many entries those were."""
PROCESS: Final = SLOT_NUMBERS - 1
"""The place of the number that identifies it."""

LOOK_EVERY_S: Final = 0.1
WAIT_S: Final = 3.0
"""Seconds in which the others purge; those that do not are reported as silent."""


class PurgesProcess(Protocol):
    """What purges this process."""

    @property
    def process(self) -> int:
        """The number that identifies it."""

    async def __call__(self) -> int:
        """Remove what was made or begun until now; return how many entries there were."""


class SlotProcesses:
    """Requests in one slot that all others are purged, and looks for such requests of others."""

    def __init__(
        self,
        slots: Slots,
        purge: PurgesProcess,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Accept the slots, of which this process has claimed its own, and a clock of seconds that all share."""
        self._slots = slots
        self._own = slots.claim()
        self._purge = purge
        self._clock = clock
        self._purging = asyncio.Lock()
        self._own[PROCESS] = purge.process
        # The process that had this slot before may have left a request; this process holds nothing yet.
        self._own[DONE] = self._last_requested()

    async def purge(self, model: str | None) -> Reached:  # noqa: ARG002 - all workers have the same model
        """Purge this worker, and wait until the others have, within a bounded time."""
        requested = self._own[REQUESTED] = self._clock()
        await self._do(requested)
        others = self._slots.of_others()
        until = requested + WAIT_S
        while (late := _late(others, requested)) and self._clock() < until:  # noqa: ASYNC110 - other processes write there
            await asyncio.sleep(LOOK_EVERY_S / 4)
        done = [slot for slot in (self._own, *others) if not any(slot is each for each in late)]
        return Reached({int(slot[PROCESS]): int(slot[REMOVED]) for slot in done}, silent=len(late))

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """Purge whenever another worker requests it, until the block ends."""
        looking = asyncio.create_task(self._look(), name="look for purges")
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def _look(self) -> None:
        while True:
            with suppress(OSError):  # this process may have no file left for the slot of a new one: it looks again
                await self._do(self._last_requested())
            await asyncio.sleep(LOOK_EVERY_S)

    async def _do(self, requested: float) -> None:
        async with self._purging:  # it is looked for while it is done, and would be done again
            if requested > self._own[DONE]:
                self._own[REMOVED] = await self._purge()
                self._own[DONE] = requested

    def _last_requested(self) -> float:
        slots: Sequence[Any] = self._slots.all()
        return float(max(slot[REQUESTED] for slot in slots))


def _late(slots: Sequence[Any], requested: float) -> list[Any]:
    """Return the slots of processes that have not purged since."""
    return [slot for slot in slots if slot[DONE] < requested]
