"""RedisCache: L2 on Redis or Valkey strings, seen by every replica and alive across restarts."""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import redis.asyncio

from foreseen.adapters.cache.redis_connection import PREFIX, PROBE, redis_errors_translated
from foreseen.adapters.cache.redis_replies import ValueTooLargeError
from foreseen.adapters.cache.redis_wire import RedisWire
from foreseen.adapters.cache.redis_writes import RedisWrites
from foreseen.domain.entry import MAX_SIZE, Entry, EntryFormat
from foreseen.domain.errors import CacheUnavailableError, CorruptEntryError, Corruption
from foreseen.domain.key import DIGEST_SIZE, Key
from foreseen.domain.lifetime import Lifetime

PROBE_MS: Final = 10_000
"""Milliseconds after which a probe's key is gone, where it may not be deleted."""


class RedisCache:
    """One MGET to look up, one scripted SET … PX to store.

    A key reads `foreseen:<model name>:<namespace, 16 hex>:<row, hex>`. The text holds half of the namespace; the seal
    of the entry holds all of it.
    """

    keeps: Final = True

    def __init__(
        self,
        client: redis.asyncio.Redis,
        *,
        model_name: str,
        lifetime: Lifetime,
        entry_format: EntryFormat,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take a client that does not decode replies, and the clock as seconds since 1970."""
        self._client = client
        self._wire = RedisWire(client)
        self._write = RedisWrites(self._wire)
        self._prefix = f"{PREFIX}:{model_name}:"
        # Of this process alone: what another one writes there at the same time would not be what is expected.
        self._probe = f"{self._prefix}{PROBE}:{secrets.token_hex(8)}"
        self._lifetime = lifetime
        self._format = entry_format
        self._clock = clock
        self.corruptions: Final[Counter[Corruption]] = Counter()
        """Entries that did not verify, since the start, by what was wrong with them."""

    @property
    def corrupt(self) -> int:
        """Entries that did not verify, since the start."""
        return self.corruptions.total()

    def peek(self, key: Key) -> Entry | None:  # noqa: ARG002
        """Say nothing: Redis cannot be asked without waiting."""
        return None

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up all in one MGET; what does not verify or is past its time is a miss."""
        if not keys:  # MGET refuses an empty list
            return {}
        with redis_errors_translated():
            blobs = await self._blobs([self._name(key) for key in keys])
        now_us = self._clock() * 1e6
        found: dict[Key, Entry] = {}
        for key, blob in zip(keys, blobs, strict=True):
            if blob is not None and (entry := self._read(key, blob, now_us)) is not None:
                found[key] = entry
        return found

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store all in one round trip, each with the milliseconds it has left; none that is larger than may be read."""
        now_us = int(self._clock() * 1e6)
        writes = []
        for key, entry in entries.items():
            left_ms = (self._lifetime.ends_at_us(key, entry) - now_us) // 1000
            if left_ms > 0 and len(blob := self._format.seal(key, entry)) <= MAX_SIZE:
                writes.append((self._name(key), blob, left_ms))
        if writes:
            with redis_errors_translated():
                others = await self._write(writes)
            if others:
                self.corruptions[Corruption.TYPE] += others

    async def ping(self) -> None:
        """Do what requests do, with a key of its own: write it, connecting if need be, and look it up.

        Raises:
            CacheUnavailableError: one of them does not work.
        """
        value = secrets.token_bytes(16)
        with redis_errors_translated():
            await self._write([(self._probe, value, PROBE_MS)])
            # Deleting may be refused, as by an ACL: then the key goes by itself.
            found, _ = await self._wire.each((b"MGET", self._probe), (b"DEL", self._probe))
        if found != [value]:
            raise CacheUnavailableError(f"Redis: expected to find what had just been written, got {_told(found)}")

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _blobs(self, names: Sequence[str]) -> Sequence[object]:
        """Give what lies under each key; None where nothing does, or where it is too large to be ours."""
        try:
            return await self._values(names)
        except ValueTooLargeError:
            sizes = await self._wire.each(*((b"STRLEN", name) for name in names))
        # Of another type there is no such length; MGET gives None for it, as for nothing.
        ours = [name for name, size in zip(names, sizes, strict=True) if isinstance(size, int) and 0 < size <= MAX_SIZE]
        self.corruptions[Corruption.SIZE] += sum(isinstance(size, int) and size > MAX_SIZE for size in sizes)
        found = dict(zip(ours, await self._values(ours), strict=True)) if ours else {}
        return [found.get(name) for name in names]

    async def _values(self, names: Sequence[str]) -> Sequence[object]:
        (values,) = await self._wire.ask((b"MGET", *names))
        if not isinstance(values, list) or len(values) != len(names):  # no Redis, whatever else listens there
            raise CacheUnavailableError(f"Redis: expected {len(names)} values from MGET, got {_told(values)}")
        return values

    def _name(self, key: Key) -> str:
        return f"{self._prefix}{key[:8].hex()}:{key[DIGEST_SIZE:].hex()}"

    def _read(self, key: Key, blob: object, now_us: float) -> Entry | None:
        try:
            if not isinstance(blob, bytes):
                raise CorruptEntryError(f"expected bytes, got {type(blob).__name__}", Corruption.FOREIGN)
            entry = self._format.unseal(key, blob)
        except CorruptEntryError as exc:
            self.corruptions[exc.what] += 1
            return None
        # Redis drops an entry by its own clock and the TTL of its writer; ours decides here, as in every tier.
        return None if self._lifetime.is_over(key, entry, now_us) else entry


def _told(reply: object) -> str:
    """Say of a reply what it is, and not what is in it."""
    return f"{len(reply)} of them" if isinstance(reply, list) else f"{type(reply).__name__}"
