"""TieredCache: L1 of this process in front of a shared L2; itself a Cache, so tiers nest."""

from collections.abc import Mapping, Sequence
from typing import Final

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Cache


class PromotingLookup:
    """Looks keys up in L2, and stores in L1 what L2 finds."""

    def __init__(self, l1: Cache, l2: Cache) -> None:
        self._l1 = l1
        self._l2 = l2

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up in L2 and promote. An entry keeps its own age, so that it does not outlive its TTL."""
        found = await self._l2.get_many(keys)
        await self._l1.put_many(found)
        return found


class TieredCache:
    """Looks up in L2 only what L1 misses, and stores in L1 what L2 finds.

    Attributes:
        slower_tiers: L2 alone, for keys that L1 is known to miss.
        peek: looks into L1.
    """

    def __init__(self, l1: Cache, l2: Cache) -> None:
        self.slower_tiers: Final = PromotingLookup(l1, l2)
        # Bound once, since every hit uses it.
        self.peek: Final = l1.peek
        self._l1 = l1
        self._l2 = l2

    @property
    def keeps(self) -> bool:
        """Whether either tier stores now."""
        return self._l1.keeps or self._l2.keeps

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up in L1, then in L2 what L1 misses, and promote what L2 finds."""
        in_l1 = await self._l1.get_many(keys)
        rest = [key for key in keys if key not in in_l1]
        return in_l1 | await self.slower_tiers.get_many(rest) if rest else in_l1

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store in both, L2 first: a crash between the two leaves L2 ahead, never behind."""
        try:
            await self._l2.put_many(entries)
        finally:
            await self._l1.put_many(entries)
