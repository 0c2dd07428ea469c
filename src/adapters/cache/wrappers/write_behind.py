"""WriteBehindCache: entries are written to L2 in the background."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Final

from foreseen.domain.errors import CacheError
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import L2Cache

WRITTEN_AT_ONCE: Final = 512
"""Entries of one write."""


class WriteBehindCache:
    """Wraps an L2, queues entries and writes them in the background, in batches.

    The queue is bounded: beyond its bounds the oldest entry is dropped and counted, since it can be computed again.
    Lookups find queued entries as if they were written. A failed write is raised by the next `put_many`.

    Attributes:
        dropped: entries that were never written, since the start.
        flush_s: seconds that closing may take to write the queue.
    """

    keeps: Final = True

    def __init__(
        self,
        inner: L2Cache,
        *,
        lifetime: Lifetime,
        max_entries: int = 65_536,
        max_bytes: int = 64 * 2**20,
        flush_s: float = 2.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Accept the bounds of the queue, the seconds that `close` may spend on it, and a clock in s since 1970."""
        self.dropped = 0
        self._inner = inner
        self._lifetime = lifetime
        self._clock = clock
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self.flush_s = flush_s
        self._waiting: dict[Key, Entry] = {}
        self._waiting_bytes = 0
        self._written: dict[Key, Entry] = {}
        self._writing: asyncio.Task[None] | None = None
        self._failure: CacheError | None = None
        self._pings = 0

    def __len__(self) -> int:
        """Return how many entries are still to be written."""
        return len(self._waiting) + len(self._written)

    def peek(self, key: Key) -> Entry | None:
        """Peek at the inner cache."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up in the queue, then in L2 what is not queued."""
        if not self._waiting and not self._written:
            return await self._inner.get_many(keys)
        waiting = self._find(keys)
        rest = [key for key in keys if key not in waiting] if waiting else keys
        return waiting | await self._inner.get_many(rest) if rest else waiting

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Queue entries; raise the CacheError of an earlier write, once."""
        waiting = self._waiting
        for key, entry in entries.items():
            if key in waiting:  # it moves to the end
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
        """Ping the inner cache; if that succeeds, failures of earlier writes are no longer raised."""
        await self._inner.ping()
        self._pings += 1
        self._failure = None

    async def close(self) -> None:
        """Write the queue for at most `flush_s` seconds, count the rest as dropped, and close the inner cache."""
        if (writing := self._writing) is not None:
            await asyncio.wait({writing}, timeout=self.flush_s)
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
                    if pings == self._pings:  # otherwise a ping has succeeded since, and the failure is over
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
