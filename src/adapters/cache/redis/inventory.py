"""RedisInventory: what an operator may see and remove in Redis."""

import re
from collections.abc import AsyncIterator
from typing import Final, cast

import redis.asyncio
from redis.exceptions import AskError, RedisError, ResponseError

from foreseen.adapters.cache.redis.client.connection import LEASE, PREFIX, PROBE, PURGED, redis_errors_translated
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.entry import OVERHEAD, read_answer, read_header
from foreseen.domain.ports import Held

_PAGE: int = 500
"""Keys per SCAN, so that it blocks the server for less than a millisecond."""

_GONE: Final = -2
"""Reply of PTTL for a key that does not exist."""

_READ: Final = OVERHEAD + 1024
"""Bytes to read of an entry: its header, and what may be shown of its answer; whole entries may have megabytes."""

_LEASE: Final = LEASE.encode()
_NO_ENTRIES: Final = frozenset(kind.encode() for kind in (LEASE, PROBE, PURGED))


class RedisInventory:
    """Iterates over Foreseen's keys page by page, on every primary; other keys are not touched."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    async def held(self, model: str | None = None) -> AsyncIterator[Held]:
        """Scan, and read the start of each entry, its size and its time left."""
        with redis_errors_translated():
            for client in await self._servers.primaries():
                async for names in _pages(client, model, but=_NO_ENTRIES):
                    async with client.pipeline(transaction=False) as pipeline:
                        for name in names:
                            pipeline.getrange(name, 0, _READ - 1)
                            pipeline.strlen(name)
                            pipeline.pttl(name)
                        replies = await pipeline.execute(raise_on_error=False)
                    for name, start, size, left_ms in zip(
                        names, replies[::3], replies[1::3], replies[2::3], strict=True
                    ):
                        # Not one that expired meanwhile, nor another type under our prefix.
                        if isinstance(start, bytes) and left_ms != _GONE:
                            yield _held(name, start, size, left_ms)

    async def purge(self, model: str | None = None) -> int:
        """Scan and UNLINK, page by page; leases too, in whose places computed entries are kept.

        One command per key, since those of a page may be in several slots. If one is left, CacheUnavailableError is
        raised after everything else is removed: an unreachable node does not prevent others from being emptied.
        """
        removed, failures = 0, list[Exception]()
        with redis_errors_translated():
            for client in await self._servers.primaries():
                try:
                    removed += await self._purged(client, model)
                except (RedisError, OSError, CacheUnavailableError) as exc:
                    failures.append(exc)
            if failures:
                raise failures[0]
        return removed

    async def _purged(self, client: redis.asyncio.Redis, model: str | None) -> int:
        removed = 0
        async for names in _pages(client, model, but=_NO_ENTRIES - {_LEASE}):
            async with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.unlink(name)
                replies = await pipeline.execute(raise_on_error=False)
            counts = dict(zip(names, replies, strict=True))
            counts |= await self._followed([name for name, reply in counts.items() if isinstance(reply, AskError)])
            removed += sum(_count(reply) for name, reply in counts.items() if _kind(name) != _LEASE)
        return removed

    async def _followed(self, names: list[bytes]) -> dict[bytes, object]:
        """Remove keys whose slots are migrating, or have moved since they were seen, wherever they are now."""
        if not names:
            return {}
        replies = await self._servers.each(*((b"UNLINK", name) for name in names))
        if not all(isinstance(reply, int) for reply in replies):
            raise CacheUnavailableError("Redis: slots moved while it was purged; purging again is safe")
        return dict(zip(names, replies, strict=True))

    async def close(self) -> None:
        """Close every connection."""
        await self._servers.close()


async def _pages(
    client: redis.asyncio.Redis, model: str | None, *, but: frozenset[bytes]
) -> AsyncIterator[list[bytes]]:
    """Yield names of keys, of one model or of all, without those kinds."""
    # Wildcards in a model's name are escaped, so that a purge of one model never empties them all.
    models = "*" if model is None else re.sub(r"([*?\[\]\\])", r"\\\1", model)
    cursor = 0
    while True:
        cursor, names = await client.scan(cursor, match=f"{PREFIX}:{models}:*", count=_PAGE)
        page = cast("list[bytes]", names)  # the client does not decode replies
        if entries := [name for name in page if _kind(name) not in but]:
            yield entries
        if cursor == 0:
            break


def _count(reply: object) -> int:
    if isinstance(reply, ResponseError):
        raise reply
    return cast("int", reply)


def _kind(name: bytes) -> bytes:
    """Return the namespace of an entry; of another kind of key, the word in its place."""
    return name.split(b":", 3)[2]


def _held(name: bytes, start: bytes, size: int, left_ms: int) -> Held:
    header = read_header(start)
    return Held(
        name=name.decode(errors="replace"),
        size_bytes=size,
        ttl_s=left_ms / 1000 if left_ms >= 0 else None,
        header=header,
        answer=read_answer(start, size) if header else b"",
    )
