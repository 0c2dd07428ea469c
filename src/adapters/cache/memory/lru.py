"""LruCache: L1, in this process, bounded by entries and by bytes."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import cachetools

from foreseen.adapters.cache.memory.shared_bytes import SharedBytes
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key

ENTRY_OVERHEAD: Final = 548
"""Maximum bytes of memory that an entry takes beyond its body, as measured on CPython 3.11.

146 for the 80 bytes of its key and the headers of two bytes objects, 96 for the tuple of its values, 96 for three
integers, and 110 to 210 for its places in the store's two dictionaries, most when these have just grown.
"""

_OVERHEAD_OF_NULLS: Final = 33
"""Bytes of memory of a bytes object beyond its length; most entries share the empty one."""

_Held = tuple[bytes, int, int, bytes, int]
"""The values of an entry, and when it expires, µs since 1970; UNUSED or PROBE until it is first found."""

UNUSED: Final = 0
PROBE: Final = -1
"""Stand for an expiry that is computed only when the entry is first found: many entries never are.

They are times in the past, so that a hit still makes a single comparison.
"""

_make_tuple: Final = tuple.__new__
"""Makes a named tuple without the checks of its own constructor."""


class LruCache:
    """Evicts the least recently used entry when a bound is exceeded.

    Belongs to one event loop: no call suspends, so none needs a lock.

    Attributes:
        found_again: entries that were found at least once, since the start.
        probes_found: those of them that were stored as probes.
    """

    keeps: Final = True

    def __init__(
        self,
        *,
        max_entries: int,
        max_bytes: int,
        lifetime: Lifetime,
        clock: Callable[[], float] = time.time,
        shared: SharedBytes | None = None,
    ) -> None:
        """Accept the bounds, both of which apply, and a clock in seconds since 1970.

        Args:
            shared: a further bound, of this cache and others together; None if there is none.
        """
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self.found_again = 0
        self.probes_found = 0
        self._bytes = 0
        self._shared = shared
        if shared is not None:
            shared.join(self)
        self._lifetime = lifetime
        self._clock = clock
        # Each value holds its own expiry: a hit in cachetools' TTLCache costs six times one in its LRUCache, and its
        # TTL counts from the put instead of from when the entry was made. A value is a plain tuple of plain values,
        # which the garbage collector leaves alone: a hundred thousand Entries would cost it 20 ms each time. Bytes are
        # counted here: cachetools' own count of sizes costs a sixth of the memory, and half of a write.
        self._store: cachetools.LRUCache[Key, _Held] = cachetools.LRUCache(max_entries + 1)

    def peek(self, key: Key) -> Entry | None:
        """Return the entry of a key and mark it as recently used; None on a miss."""
        if key not in self._store:  # checked first: for a missing key cachetools raises and catches
            return None
        held = self._store[key]
        if held[4] <= self._clock() * 1e6:
            found = self._found_late(key, held)
            if found is None:
                return None
            held = found
        entry: Entry = _make_tuple(Entry, held[:4])
        return entry

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Peek at each key."""
        return {key: entry for key in keys if (entry := self.peek(key)) is not None}

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store each entry that has not expired; one larger than the whole cache is not stored."""
        self._put(entries, UNUSED)

    def put_probes(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries as `put_many` does, and count those that are found apart."""
        self._put(entries, PROBE)

    def _put(self, entries: Mapping[Key, Entry], found: int) -> None:
        store, now_us = self._store, self._clock() * 1e6
        alive_after_us = self._lifetime.alive_after_us(now_us)
        for key, entry in entries.items():
            if key in store:
                self._drop(key)
            body, created_at_us, cost_us, nulls = entry
            size = _size(body, nulls)
            if size > self._max_bytes or (
                created_at_us <= alive_after_us and self._lifetime.is_over(key, entry, now_us)
            ):
                continue
            store[key] = (body, created_at_us, cost_us, nulls, found)
            self._bytes += size
            while self._bytes > self._max_bytes or len(store) > self._max_entries:
                self.evict()
            if self._shared is not None:
                self._shared.keep_bound()

    def replace(self, entries: Mapping[Key, Entry]) -> None:
        """Store those entries whose keys are held already."""
        for key, entry in entries.items():
            if key in self._store:  # looked up now, since storing the one before may have evicted it
                was_probe = self._store[key][4] == PROBE
                self._put({key: entry}, PROBE if was_probe else UNUSED)

    def evict(self) -> None:
        """Remove the least recently used entry."""
        self._forget(self._store.popitem()[1])

    def clear(self) -> int:
        """Remove every entry; return how many there were."""
        removed = len(self._store)
        # A new one: clearing the old one would remove its entries one by one.
        self._store = cachetools.LRUCache(self._max_entries + 1)
        self._bytes = 0
        return removed

    def leave_bound(self) -> None:
        """Remove every entry, and count no more for the bound of several caches; may be called again."""
        self.clear()
        if self._shared is not None:
            self._shared.leave(self)
            self._shared = None

    @property
    def entries(self) -> int:
        """Number of entries held."""
        return len(self._store)

    @property
    def size_bytes(self) -> int:
        """Approximate memory of the entries, bytes."""
        return self._bytes

    def _found_late(self, key: Key, held: _Held) -> _Held | None:
        """Compute when an entry expires if that is unknown; return its values, or drop it and return None if it has."""
        body, created_at_us, cost_us, nulls, ends_at_us = held
        if ends_at_us in (UNUSED, PROBE):
            ends_at_us = self._lifetime.ends_at_us(key, Entry(body, created_at_us, cost_us, nulls))
        if ends_at_us <= self._clock() * 1e6:
            self._drop(key)
            return None
        self.found_again += 1
        self.probes_found += held[4] == PROBE
        held = self._store[key] = (body, created_at_us, cost_us, nulls, ends_at_us)
        return held

    def _drop(self, key: Key) -> None:
        self._forget(self._store.pop(key))

    def _forget(self, held: _Held) -> None:
        self._bytes -= _size(held[0], held[3])


def _size(body: bytes, nulls: bytes) -> int:
    return len(body) + ENTRY_OVERHEAD + (len(nulls) + _OVERHEAD_OF_NULLS if nulls else 0)
