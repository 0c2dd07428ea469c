"""SlotProcesses: purges of all workers of a service without Redis, by numbers in their slots.

Each worker reads the slots several times a second. A signal would be quicker, but could end a worker that has no
handler yet, or another process that got the id of one that has ended.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

from foreseen.domain.purging import Reached
from foreseen.entrypoints.http.counting.shared_memory_slots import SLOT_NUMBERS, Slots

REQUESTED: Final = SLOT_NUMBERS - 4
"""Index of the time of the last request to purge, written by the worker that received the request."""
DONE: Final = SLOT_NUMBERS - 3
"""Index of the time of the last request that this worker has completed."""
REMOVED: Final = SLOT_NUMBERS - 2
"""Index of the number of entries that it removed for that request."""
PROCESS: Final = SLOT_NUMBERS - 1
"""Index of the number that identifies the worker."""

LOOK_EVERY_S: Final = 0.1
WAIT_S: Final = 3.0
"""Seconds to wait for the other workers; those that have not purged by then are reported as silent."""


class PurgesProcess(Protocol):
    """Purges this process."""

    @property
    def process(self) -> int:
        """The number that identifies the process."""

    async def __call__(self) -> int:
        """Remove all entries that were computed or begun until now; return their number."""


class SlotProcesses:
    """Requests purges of all workers through its slot, and carries out the requests of others."""

    def __init__(
        self,
        slots: Slots,
        purge: PurgesProcess,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Accept the slots, and what purges this process.

        Args:
            clock: monotonic, in seconds, the same in all processes.
        """
        self._slots = slots
        self._own = slots.claim()
        self._purge = purge
        self._clock = clock
        self._purging = asyncio.Lock()
        self._own[PROCESS] = purge.process
        # Earlier requests, perhaps by the slot's previous owner, are done: this process holds no entries yet.
        self._own[DONE] = self._last_requested()

    async def purge(self, model: str | None) -> Reached:  # noqa: ARG002 - all workers have the same model
        """Purge this worker, and wait for the others, `WAIT_S` at most; return how many entries each removed."""
        requested = self._own[REQUESTED] = self._clock()
        await self._do(requested)
        others = self._slots.of_others()
        until = requested + WAIT_S
        while (late := _late(others, requested)) and self._clock() < until:  # noqa: ASYNC110 - other processes write there
            await asyncio.sleep(LOOK_EVERY_S / 4)
        done = [slot for slot in (self._own, *others) if not any(slot is each for each in late)]
        return Reached({int(slot[PROCESS]): int(slot[REMOVED]) for slot in done}, silent=len(late))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
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
            with suppress(OSError):  # without a free file descriptor, the slot of a new worker cannot be mapped now
                await self._do(self._last_requested())
            await asyncio.sleep(LOOK_EVERY_S)

    async def _do(self, requested: float) -> None:
        async with self._purging:  # otherwise `_look` would do a request again while it is being done
            if requested > self._own[DONE]:
                self._own[REMOVED] = await self._purge()
                self._own[DONE] = requested

    def _last_requested(self) -> float:
        slots = self._slots.all()
        return float(max(slot[REQUESTED] for slot in slots))


def _late(slots: "Sequence[memoryview[float]]", requested: float) -> "list[memoryview[float]]":
    """Return the slots of processes that have not completed the request."""
    return [slot for slot in slots if slot[DONE] < requested]
