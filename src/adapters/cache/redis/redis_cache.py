"""RedisCache: L2 on Redis or Valkey strings, seen by every replica and alive across restarts."""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from foreseen.adapters.cache.redis.client.connection import PREFIX, PROBE, redis_errors_translated
from foreseen.adapters.cache.redis.servers.servers_port import Servers, Unread
from foreseen.domain.errors import CorruptEntryError, Corruption
from foreseen.domain.identity.entry import MAX_SIZE, Entry, EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import DIGEST_SIZE, Key

_CORRUPTIONS: Final = {Unread.TOO_LARGE: Corruption.SIZE, Unread.OTHER_TYPE: Corruption.TYPE}


class RedisCache:
    """A Cache on Redis: a lookup or a write takes one round trip to each server concerned.

    A key is `foreseen:<model name>:<namespace, 16 hex>:<row, hex>`. It contains half of the namespace; the entry's seal
    covers all of it.
    """

    keeps: Final = True

    def __init__(
        self,
        servers: Servers,
        *,
        model_name: str,
        lifetime: Lifetime,
        entry_format: EntryFormat,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Accept the servers, and the clock as seconds since 1970."""
        self._servers = servers
        self._prefix = f"{PREFIX}:{model_name}:"
        # Of this process alone: if another one wrote the same key at the same time, the probe would fail.
        self._probe = f"{self._prefix}{PROBE}:{secrets.token_hex(8)}"
        self._lifetime = lifetime
        self._format = entry_format
        self._clock = clock
        self.corruptions: Final[Counter[Corruption]] = Counter()
        """Corrupt entries since the start, by the kind of corruption."""

    @property
    def corrupt(self) -> int:
        """Corrupt entries since the start."""
        return self.corruptions.total()

    def peek(self, key: Key) -> Entry | None:  # noqa: ARG002
        """Return None: Redis cannot be looked up without waiting."""
        return None

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up all; corrupt, expired and unreachable entries are misses."""
        if not keys:  # MGET rejects an empty list
            return {}
        with redis_errors_translated():
            blobs = await self._servers.find([self._name(key) for key in keys])
        now_us = self._clock() * 1e6
        found: dict[Key, Entry] = {}
        for key, blob in zip(keys, blobs, strict=True):
            if blob is not None and (entry := self._read(key, blob, now_us)) is not None:
                found[key] = entry
        return found

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store all in one round trip, each with its remaining TTL; omit entries that are expired or too large."""
        now_us = int(self._clock() * 1e6)
        writes = []
        for key, entry in entries.items():
            left_ms = (self._lifetime.ends_at_us(key, entry) - now_us) // 1000
            if left_ms > 0 and len(blob := self._format.seal(key, entry)) <= MAX_SIZE:
                writes.append((self._name(key), blob, left_ms))
        if writes:
            with redis_errors_translated():
                others = await self._servers.write(writes)
            if others:
                self.corruptions[Corruption.TYPE] += others

    async def ping(self) -> None:
        """Write keys of its own and look them up, as requests do, connecting if necessary.

        Raises:
            CacheUnavailableError: a write or a lookup failed.
        """
        with redis_errors_translated():
            await self._servers.ping(self._probe)

    async def close(self) -> None:
        """Close every connection."""
        await self._servers.close()

    def _name(self, key: Key) -> str:
        return f"{self._prefix}{key[:8].hex()}:{key[DIGEST_SIZE:].hex()}"

    def _read(self, key: Key, blob: object, now_us: float) -> Entry | None:
        if blob is Unread.UNREACHED:
            return None
        try:
            if isinstance(blob, Unread):
                raise CorruptEntryError(blob.value, _CORRUPTIONS[blob])
            if not isinstance(blob, bytes):
                raise CorruptEntryError(f"expected bytes, got {type(blob).__name__}", Corruption.FOREIGN)
            entry = self._format.unseal(key, blob)
        except CorruptEntryError as exc:
            self.corruptions[exc.what] += 1
            return None
        # Redis expires an entry by its own clock and its writer's TTL; our own decide here, as in every tier.
        return None if self._lifetime.is_over(key, entry, now_us) else entry
