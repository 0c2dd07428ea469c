"""MeteredCache: counts the calls to L2 and the seconds they take."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from foreseen.domain.counters import L2_GET_SECONDS, L2_GETS, L2_PUT_SECONDS, L2_PUTS, Tally
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import L2Cache


class MeteredCache:
    """Wraps an L2 and counts its calls; one that fails or is cancelled counts with the time it took.

    Overlapping calls each count their own seconds, which may include other work of this process.
    """

    def __init__(self, inner: L2Cache, tally: Tally, *, clock: Callable[[], float] = time.perf_counter) -> None:
        """Accept the tier, the tally to count in, and a clock in seconds."""
        self._inner = inner
        self._tally = tally
        self._clock = clock

    @property
    def keeps(self) -> bool:
        """Whether the inner cache stores now."""
        return self._inner.keeps

    def peek(self, key: Key) -> Entry | None:
        """Peek at the inner cache."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up in the inner cache."""
        if not keys:  # no round trip to count
            return await self._inner.get_many(keys)
        with self._counted(L2_GETS, L2_GET_SECONDS):
            return await self._inner.get_many(keys)

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store in the inner cache."""
        if not entries:
            return await self._inner.put_many(entries)
        with self._counted(L2_PUTS, L2_PUT_SECONDS):
            return await self._inner.put_many(entries)

    async def ping(self) -> None:
        """Ping the inner cache; not counted."""
        await self._inner.ping()

    async def close(self) -> None:
        """Close the inner cache."""
        await self._inner.close()

    @contextmanager
    def _counted(self, calls: int, seconds: int) -> Iterator[None]:
        started = self._clock()
        try:
            yield
        finally:
            counts = self._tally.counts
            counts[calls] += 1
            counts[seconds] += self._clock() - started
