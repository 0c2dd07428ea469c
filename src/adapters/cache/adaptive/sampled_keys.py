"""Sample: one key in sixty-four, looked up and written in the background to estimate the hit rate of all keys."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from zlib import crc32

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Cache

ONE_IN: Final = 64
"""One key in 64 is in the sample: a smaller share than of a run's rows, since each is looked up and written, and a
service runs longer than a file has rows."""

AT_ONCE: Final = 32
"""Keys that are collected for one lookup or one write."""


def sampled(keys: Iterable[Key]) -> list[Key]:
    """Return those of the keys that are in the sample.

    A hash of the key decides, so all replicas agree: what one writes, the others look up.

    Source:
        Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST 2015: sampling in space.
    """
    # The low bits, since the high ones vary the lifetime: the sample should live as long as all entries do.
    return [key for key in keys if not crc32(key) % ONE_IN]


class Sample:
    """Looks up and writes the keys of the sample in a task of its own, in batches; no request waits for it.

    A key is looked up before its computed entry is written; otherwise it would be a hit on itself.
    """

    def __init__(self, inner: Cache, learn: Callable[[Sequence[Key], Mapping[Key, Entry]], None]) -> None:
        """Accept the cache to sample, and a callback that receives the keys looked up and the entries found."""
        self._inner = inner
        self._learn = learn
        self._wanted: list[Key] = []
        self._kept: dict[Key, Entry] = {}
        self._trying: asyncio.Task[None] | None = None

    def look_up(self, keys: Sequence[Key]) -> None:
        """Schedule a lookup of those of the keys that are in the sample."""
        if picked := sampled(keys):
            if known := {key: self._kept[key] for key in picked if key in self._kept}:
                self._learn(list(known), known)
            self._wanted += [key for key in picked if key not in known]
            self._try_enough()

    def keep(self, entries: Mapping[Key, Entry]) -> None:
        """Schedule a write of those of the entries that are in the sample, after the lookups scheduled before."""
        if picked := sampled(entries):
            self._kept |= {key: entries[key] for key in picked}
            self._try_enough()

    def forget(self) -> None:
        """Drop the scheduled lookups: others will have written those keys by the time they run."""
        self._wanted.clear()

    async def close(self) -> None:
        """Write the scheduled entries, without further lookups."""
        if self._trying is not None:
            await asyncio.wait({self._trying})
        if self._kept:
            await self._inner.put_many(self._kept)

    def _try_enough(self) -> None:
        if self._trying is None and self._has_enough:
            self._trying = asyncio.create_task(self._try(), name="sample the shared cache")

    @property
    def _has_enough(self) -> bool:
        return len(self._wanted) >= AT_ONCE or len(self._kept) >= AT_ONCE

    async def _try(self) -> None:
        try:
            while self._has_enough:
                wanted, self._wanted = self._wanted, []
                kept, self._kept = self._kept, {}
                self._learn(wanted, await self._inner.get_many(wanted))
                await self._inner.put_many(kept)
        finally:
            self._trying = None
