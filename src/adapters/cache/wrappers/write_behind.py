"""WriteBehindCache: nobody waits for a far tier to be written."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final

from foreseen.domain.errors import CacheError
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import FarTier

WRITTEN_AT_ONCE: Final = 512
"""Entries of one write."""


class WriteBehindCache:
    """A far tier around a far tier that takes entries at once and writes them afterwards, many at a time.

    What waits is bounded: beyond that the oldest is dropped, and counted; it can be computed again. What waits is found
    as if it were written. A write that fails is told by the next call to put.

    Attributes:
        dropped: entries that were never written, since the start.
    """

    keeps: Final = True

    def __init__(
        self,
        inner: FarTier,
        *,
        lifetime: Lifetime,
        max_entries: int = 65_536,
        max_bytes: int = 64 * 2**20,
        flush_s: float = 2.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the bounds of what waits, the seconds that closing may take to write it, and seconds since 1970."""
        self.dropped = 0
        self._inner = inner
        self._lifetime = lifetime
        self._clock = clock
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._flush_s = flush_s
        self._waiting: dict[Key, Entry] = {}
        self._waiting_bytes = 0
        self._written: dict[Key, Entry] = {}
        self._writing: asyncio.Task[None] | None = None
        self._failure: CacheError | None = None
        self._pings = 0

    def __len__(self) -> int:
        """How many entries are still to be written."""
        return len(self._waiting) + len(self._written)

    def peek(self, key: Key) -> Entry | None:
        """As the inner one."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look among what waits, then into the inner one for the rest."""
        if not self._waiting and not self._written:
            return await self._inner.get_many(keys)
        waiting = self._find(keys)
        rest = [key for key in keys if key not in waiting] if waiting else keys
        return waiting | await self._inner.get_many(rest) if rest else waiting

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Take entries; raise the CacheError of an earlier write, once."""
        waiting = self._waiting
        for key, entry in entries.items():
            if key in waiting:  # its place is the last one from now on
                self._forget(key)
            waiting[key] = entry
            self._waiting_bytes += len(entry.body)
        while len(self._waiting) > self._max_entries or self._waiting_bytes > self._max_bytes:
            self._forget(next(iter(self._waiting)))
            self.dropped += 1
        if self._writing is None and self._waiting:
            self._writing = asyncio.create_task(self._write(), name="write behind")
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def ping(self) -> None:
        """As the inner one; of writes that began before it answered, none is told to have failed."""
        await self._inner.ping()
        self._pings += 1
        self._failure = None

    async def close(self) -> None:
        """Write what waits, as long as that may take, and close the inner one."""
        if (writing := self._writing) is not None:
            await asyncio.wait({writing}, timeout=self._flush_s)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        self.dropped += len(self)
        await self._inner.close()

    def _find(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        now_us = self._clock() * 1e6
        found = {}
        for key in keys:
            entry = self._waiting.get(key) or self._written.get(key)
            if entry and not self._lifetime.is_over(key, entry, now_us):
                found[key] = entry
        return found

    def _forget(self, key: Key) -> None:
        self._waiting_bytes -= len(self._waiting.pop(key).body)

    async def _write(self) -> None:
        try:
            while self._waiting:
                self._written, pings = self._taken(), self._pings
                try:
                    await self._inner.put_many(self._written)
                except CacheError as exc:
                    self.dropped += len(self._written)
                    if pings == self._pings:  # else it failed for what is over by now
                        self._failure = exc
                self._written = {}
        finally:
            self._writing = None

    def _taken(self) -> dict[Key, Entry]:
        if len(self._waiting) <= WRITTEN_AT_ONCE:
            taken, self._waiting, self._waiting_bytes = self._waiting, {}, 0
        else:
            taken = dict(islice(self._waiting.items(), WRITTEN_AT_ONCE))
            for key in taken:
                self._forget(key)
        return taken
