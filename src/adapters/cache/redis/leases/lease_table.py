"""RedisLeaseTable: leases as keys in Redis that expire."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from foreseen.adapters.cache.redis.client.connection import LEASE, PREFIX, redis_errors_translated
from foreseen.adapters.cache.redis.client.fast_commands import Command
from foreseen.adapters.cache.redis.servers.servers_port import Servers, Unread
from foreseen.domain.identity.key import DIGEST_SIZE, Key

_HELD_BY: Final = b"held by "

KEPT_LEASES: Final = 3
"""Times the length of a lease that a computed entry is kept in place of its lease.

A process that missed the push looks again when the lease that it saw ends, which is up to one lease after the entry
was written. One lease would therefore expire at the very moment of that look; the rest is for a process that is late.
"""


class RedisLeaseTable:
    """A lease is a key `foreseen:<model name>:lease:<namespace, 16 hex>:<row, hex>`; its value names its holder.

    Afterwards the computed entry is kept in its place for `KEPT_LEASES` leases: the entry itself is written to L2
    behind the answer, so a process that looked it up just before that finds it here. Plain commands only, since managed
    servers may forbid scripts. Every method raises CacheUnavailableError.
    """

    def __init__(self, servers: Servers, *, model_name: str, lease_s: float) -> None:
        """Accept the servers, and the seconds that a lease lasts without renewal."""
        self._servers = servers
        self._prefix = f"{PREFIX}:{model_name}:{LEASE}:"
        self._lease_ms = max(1, round(lease_s * 1000))
        self._ours = _HELD_BY + secrets.token_hex(16).encode()

    async def take(self, keys: Sequence[Key]) -> dict[Key, bool]:
        """Claim leases and return for each whether it was free; one on an unreachable node counts as free."""
        replies = await self._each(keys, lambda name: (b"SET", name, self._ours, b"NX", b"PX", self._lease_ms))
        return {key: reply in (b"OK", Unread.UNREACHED) for key, reply in zip(keys, replies, strict=True)}

    async def look(self, keys: Sequence[Key]) -> dict[Key, float | bytes]:
        """Return for each lease the seconds it has left, or the entry kept in its place; omit keys with neither.

        A key with a longer TTL than a lease can have is not a lease: no process renews or releases it. One that we hold
        ourselves is not waited for: taking it was repeated over a connection that broke before the first reply.
        """
        replies = await self._each(keys, lambda name: (b"GET", name), lambda name: (b"PTTL", name))
        seen: dict[Key, float | bytes] = {}
        for key, value, left_ms in zip(keys, replies[::2], replies[1::2], strict=True):
            if not isinstance(value, bytes) or value == self._ours:
                continue
            if not value.startswith(_HELD_BY):
                seen[key] = value
            elif isinstance(left_ms, int) and 0 <= left_ms <= self._lease_ms:
                # Rounded down: in its last millisecond, at 0, a lease still cannot be taken.
                seen[key] = (left_ms + 1) / 1000
        return seen

    async def renew(self, keys: Sequence[Key]) -> None:
        """Extend leases to their full length, even one that another process took meanwhile: both compute now."""
        await self._each(keys, lambda name: (b"PEXPIRE", name, self._lease_ms))

    async def finish(self, computed: Mapping[Key, bytes]) -> None:
        """Replace leases by their computed entries, whichever process holds them now: none has to compute them."""
        blobs = {self._name(key): blob for key, blob in computed.items()}
        kept_ms = KEPT_LEASES * self._lease_ms
        await self._each(computed, lambda name: (b"SET", name, blobs[name], b"PX", kept_ms))

    async def release(self, keys: Sequence[Key]) -> None:
        """Delete the leases that this process holds.

        If one expires between the two commands and another process takes it, that process loses it: at worst one more
        process computes the key.
        """
        holders = await self._each(keys, lambda name: (b"GET", name))
        ours = [key for key, holder in zip(keys, holders, strict=True) if holder == self._ours]
        await self._each(ours, lambda name: (b"DEL", name))

    async def _each(self, keys: Iterable[Key], *commands_of: Callable[[str], Command]) -> list[object]:
        """Send commands for every key in one round trip; send nothing without keys."""
        commands = [command(self._name(key)) for key in keys for command in commands_of]
        if not commands:
            return []
        with redis_errors_translated():
            return await self._servers.each(*commands)

    def _name(self, key: Key) -> str:
        return f"{self._prefix}{key[:8].hex()}:{key[DIGEST_SIZE:].hex()}"
