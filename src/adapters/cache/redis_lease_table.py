"""RedisLeaseTable: leases as keys in Redis that end by themselves."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import redis.asyncio
from redis.asyncio.client import Pipeline

from foreseen.adapters.cache.redis_connection import LEASE, PREFIX, redis_errors_translated
from foreseen.domain.key import DIGEST_SIZE, Key

_HELD_BY: Final = b"held by "

KEPT_LEASES: Final = 3
"""How many leases long a computed entry is kept in place of its lease.

A process that missed the push looks again when the lease that it saw ends, which is up to one lease after the entry
was written. One lease would therefore expire at the very moment of that look; the rest is for a process that is late.
"""


class RedisLeaseTable:
    """A lease reads `foreseen:<model name>:lease:<namespace, 16 hex>:<row, hex>` and says who holds it.

    Afterwards the computed entry is kept in its place for `KEPT_LEASES` leases: the entry itself is written to L2
    behind the answer, so a process that looked it up just before that finds it here. Plain commands only, since managed
    servers may forbid scripts. Every method raises CacheUnavailableError.
    """

    def __init__(self, client: redis.asyncio.Redis, *, model_name: str, lease_s: float) -> None:
        """Take a client that does not decode replies, and the seconds that a lease lasts unless it is renewed."""
        self._client = client
        self._prefix = f"{PREFIX}:{model_name}:{LEASE}:"
        self._lease_ms = max(1, round(lease_s * 1000))
        self._ours = _HELD_BY + secrets.token_hex(16).encode()

    async def take(self, keys: Sequence[Key]) -> dict[Key, bool]:
        """Take the leases that are free, and tell of each whether it was."""
        replies = await self._each(keys, lambda pipe, name: pipe.set(name, self._ours, nx=True, px=self._lease_ms))
        return {key: reply is True for key, reply in zip(keys, replies, strict=True)}

    async def look(self, keys: Sequence[Key]) -> dict[Key, float | bytes]:
        """Give of each lease the seconds it has left, or what stands in its place; nothing where nothing does.

        One that has more left than a lease ever has is none of ours: nobody renews or ends it.
        """
        replies = await self._each(keys, lambda pipe, name: (pipe.get(name), pipe.pttl(name)))
        seen: dict[Key, float | bytes] = {}
        for key, value, left_ms in zip(keys, replies[::2], replies[1::2], strict=True):
            if isinstance(value, bytes) and not value.startswith(_HELD_BY):
                seen[key] = value
            elif value is not None and isinstance(left_ms, int) and 0 < left_ms <= self._lease_ms:
                seen[key] = left_ms / 1000
        return seen

    async def renew(self, keys: Sequence[Key]) -> None:
        """Let leases begin anew; one that somebody took meanwhile too, since both of us compute now."""
        await self._each(keys, lambda pipe, name: pipe.pexpire(name, self._lease_ms))

    async def finish(self, computed: Mapping[Key, bytes]) -> None:
        """Put what was computed in the place of its lease, whoever holds that by now: nobody has to compute it."""
        names = {self._name(key): blob for key, blob in computed.items()}
        await self._each(computed, lambda pipe, name: pipe.set(name, names[name], px=KEPT_LEASES * self._lease_ms))

    async def give_up(self, keys: Sequence[Key]) -> None:
        """End those leases that are ours.

        One that ends by itself between the two commands, and that somebody else takes there, is lost to them: at worst
        one more process computes the key.
        """
        holders = await self._each(keys, lambda pipe, name: pipe.get(name))
        ours = [key for key, holder in zip(keys, holders, strict=True) if holder == self._ours]
        await self._each(ours, lambda pipe, name: pipe.delete(name))

    async def _each(self, keys: Iterable[Key], ask: Callable[[Pipeline, str], object]) -> list[Any]:
        """Ask something of every key in one round trip; without keys, nothing."""
        with redis_errors_translated():
            async with self._client.pipeline(transaction=False) as pipe:
                for key in keys:
                    ask(pipe, self._name(key))
                return await pipe.execute()

    def _name(self, key: Key) -> str:
        return f"{self._prefix}{key[:8].hex()}:{key[DIGEST_SIZE:].hex()}"
