"""SharedBytes: one bound of memory for the L1 of several models."""

from typing import Final, Protocol


class Bounded(Protocol):
    """A cache that can give up memory."""

    @property
    def size_bytes(self) -> int:
        """Approximate memory of its entries, bytes."""

    def evict(self) -> None:
        """Remove the least recently used entry."""


class SharedBytes:
    """Counts the bytes of several caches, and has the largest give way when all of them together are too large.

    Entries stay in the cache of their model, so that two models never share one, whatever their keys are. The largest
    gives way, not the one that stores: a model that has little would otherwise lose it to one that stores much.
    """

    def __init__(self, max_bytes: int) -> None:
        """Accept the bound of all caches together, bytes."""
        self._max_bytes: Final = max_bytes
        self._caches: list[Bounded] = []

    def join(self, cache: Bounded) -> None:
        """Count a cache, which is empty, from now on."""
        self._caches.append(cache)

    def leave(self, cache: Bounded) -> None:
        """Count a cache no more."""
        self._caches.remove(cache)

    def __len__(self) -> int:
        return len(self._caches)

    @property
    def size_bytes(self) -> int:
        """Approximate memory of all entries, bytes; summed each time, since few caches are less work than a count."""
        return sum([cache.size_bytes for cache in self._caches])

    def keep_bound(self) -> None:
        """Evict until the bound is kept."""
        while self.size_bytes > self._max_bytes:
            max(self._caches, key=lambda cache: cache.size_bytes).evict()
