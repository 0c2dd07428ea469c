"""AwaitableWritesCache: an L2 whose writes in progress can be waited for."""

import asyncio
from collections.abc import Mapping

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import L2Cache


class AwaitableWritesCache:
    """Wraps an L2. Entries purged after `drained` returns are not restored by writes that began earlier."""

    def __init__(self, inner: L2Cache) -> None:
        """Accept the tier; lookups go to it directly, at no extra cost."""
        self._inner = inner
        self._writes: set[asyncio.Future[None]] = set()
        self.peek = inner.peek
        self.get_many = inner.get_many
        self.ping = inner.ping
        self.close = inner.close

    @property
    def keeps(self) -> bool:
        """Whether the inner cache stores now."""
        return self._inner.keeps

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store in the inner cache."""
        write: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writes.add(write)
        try:
            await self._inner.put_many(entries)
        finally:
            self._writes.discard(write)
            write.set_result(None)

    async def drained(self) -> None:
        """Wait until the writes now in progress have ended."""
        if self._writes:
            await asyncio.wait(set(self._writes))
