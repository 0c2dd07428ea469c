"""RoomLimitedCache: bulk writes use only the free memory of L2, and evict nothing."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Final

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import L2Cache

log = logging.getLogger(__name__)

ENTRY_OVERHEAD: Final = 256
"""Bytes that an entry takes in Redis beyond its body and twice its key, at most: names are hexadecimal."""

SHARE_AT_ONCE: Final = 0.25
"""Share of the free memory to use before measuring it again: other processes write as well."""

MEASURED_AGAIN_S: Final = 1.0
"""Seconds until free memory is measured again after there was none."""

WRITTEN_AT_ONCE: Final = 512
"""Entries per write: a much larger one would block the server for other clients."""


class RoomLimitedCache:
    """Wraps an L2 and stores nothing that would evict entries which other clients use.

    A file of ten million rows is read once, and each of its entries would be the newest: to store them, a full server
    would evict entries that are looked up every second.

    Attributes:
        left_out: entries that were not stored, since the start.
    """

    def __init__(
        self,
        inner: L2Cache,
        room_bytes: Callable[[], Awaitable[float]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Accept the tier, what returns the bytes that may be written without evictions, and a clock in seconds."""
        self.left_out = 0
        self._inner = inner
        self._room_bytes = room_bytes
        self._clock = clock
        self._allowed = 0.0
        self._is_full = False
        self._measured_at = float("-inf")

    @property
    def keeps(self) -> bool:
        """Whether there was free memory when last measured, and the inner tier keeps entries."""
        return not self._is_full and self._inner.keeps

    def peek(self, key: Key) -> Entry | None:
        """Peek at the inner cache."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up in the inner cache."""
        return await self._inner.get_many(keys)

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries a few hundred at a time, as long as there is room for them."""
        left = iter(entries.items())
        while few := dict(islice(left, WRITTEN_AT_ONCE)):
            size = sum(2 * len(key) + len(entry.body) + ENTRY_OVERHEAD for key, entry in few.items())
            if await self._has_room(size):
                self._allowed -= size
                await self._inner.put_many(few)
            else:
                self.left_out += len(few)

    async def _has_room(self, size: int) -> bool:
        if size <= self._allowed:
            return True
        if self._is_full and self._clock() - self._measured_at < MEASURED_AGAIN_S:
            return False
        self._allowed = SHARE_AT_ONCE * await self._room_bytes()
        self._measured_at = self._clock()
        if not self._is_full and size > self._allowed:
            log.info("the shared cache has no free memory, so nothing more is written to it")
        self._is_full = size > self._allowed
        return not self._is_full

    async def ping(self) -> None:
        """Ping the inner cache."""
        await self._inner.ping()

    async def close(self) -> None:
        """Close the inner cache."""
        await self._inner.close()
