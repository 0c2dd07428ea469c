"""Sample: one key in sixty-four, looked up and written behind everybody's back to learn what all would bring."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from zlib import crc32

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Cache

ONE_IN: Final = 64
"""Of so many keys one is in the sample."""

AT_ONCE: Final = 32
"""Keys that are waited for to look them up, or to write them, in one call."""


def sampled(keys: Iterable[Key]) -> list[Key]:
    """Give those of the keys that are in the sample.

    The keys themselves say so, hence all replicas agree; what is written by one is looked up by the others.

    Source:
        Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST 2015: sampling in space.
    """
    # By the low bits: lifetimes differ by the high ones, and the sample should live as long as all do.
    return [key for key in keys if not crc32(key) % ONE_IN]


class Sample:
    """Looks up and writes the keys of the sample in a task of its own, many at once: nobody waits for it.

    A key is looked up before what was computed of it is written, else it would be its own hit.
    """

    def __init__(self, inner: Cache, learn: Callable[[Sequence[Key], Mapping[Key, Entry]], None]) -> None:
        """Take what is told the keys that were looked up, and the entries that were found."""
        self._inner = inner
        self._learn = learn
        self._asked: list[Key] = []
        self._kept: dict[Key, Entry] = {}
        self._trying: asyncio.Task[None] | None = None

    def ask(self, keys: Sequence[Key]) -> None:
        """Look up those of the keys that are in the sample, some time."""
        if picked := sampled(keys):
            if known := {key: self._kept[key] for key in picked if key in self._kept}:
                self._learn(list(known), known)
            self._asked += [key for key in picked if key not in known]
            self._try_enough()

    def keep(self, entries: Mapping[Key, Entry]) -> None:
        """Write those of the entries that are in the sample, after what was asked before."""
        if picked := sampled(entries):
            self._kept |= {key: entries[key] for key in picked}
            self._try_enough()

    def forget(self) -> None:
        """Look up nothing of what was asked: others will have written it when its turn comes."""
        self._asked.clear()

    async def close(self) -> None:
        """Write what waits; look up nothing any more."""
        if self._trying is not None:
            await asyncio.wait({self._trying})
        if self._kept:
            await self._inner.put_many(self._kept)

    def _try_enough(self) -> None:
        if self._trying is None and self._has_enough:
            self._trying = asyncio.create_task(self._try(), name="sample the shared cache")

    @property
    def _has_enough(self) -> bool:
        return len(self._asked) >= AT_ONCE or len(self._kept) >= AT_ONCE

    async def _try(self) -> None:
        try:
            while self._has_enough:
                asked, self._asked = self._asked, []
                kept, self._kept = self._kept, {}
                self._learn(asked, await self._inner.get_many(asked))
                await self._inner.put_many(kept)
        finally:
            self._trying = None
