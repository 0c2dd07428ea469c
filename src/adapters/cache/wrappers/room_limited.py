"""SparingCache: who writes many entries at once takes only the room that nobody needs."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Final

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import FarTier

log = logging.getLogger(__name__)

ENTRY_OVERHEAD: Final = 256
"""Bytes that an entry takes in Redis beyond its body and twice its key, at most: names are hexadecimal."""

SHARE_AT_ONCE: Final = 0.25
"""How much of the room is used before it is asked for again: others write as well."""

ASKED_AGAIN_S: Final = 1.0
"""Seconds after which it is asked for again where there was none."""

WRITTEN_AT_ONCE: Final = 512
"""Entries of one write: one far longer would keep the server from everybody else."""


class SparingCache:
    """A far tier around a far tier that stores nothing where that would push out what others asked for.

    A file of ten million rows is read once, and each of its entries would be the newest: a full server would evict for
    them what is asked for every second.

    Attributes:
        left_out: entries that were not stored, since the start.
    """

    def __init__(
        self,
        inner: FarTier,
        room_bytes: Callable[[], Awaitable[float]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what tells how many bytes may be written before something is pushed out, and a clock in seconds."""
        self.left_out = 0
        self._inner = inner
        self._room_bytes = room_bytes
        self._clock = clock
        self._allowed = 0.0
        self._is_full = False
        self._asked_at = float("-inf")

    @property
    def keeps(self) -> bool:
        """Whether there was room when it was last asked for, and the inner one keeps it."""
        return not self._is_full and self._inner.keeps

    def peek(self, key: Key) -> Entry | None:
        """As the inner one."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """As the inner one."""
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
        if self._is_full and self._clock() - self._asked_at < ASKED_AGAIN_S:
            return False
        self._allowed = SHARE_AT_ONCE * await self._room_bytes()
        self._asked_at = self._clock()
        if not self._is_full and size > self._allowed:
            log.info("the shared cache has no room that nobody needs, so nothing more is written to it")
        self._is_full = size > self._allowed
        return not self._is_full

    async def ping(self) -> None:
        """As the inner one."""
        await self._inner.ping()

    async def close(self) -> None:
        """As the inner one."""
        await self._inner.close()
