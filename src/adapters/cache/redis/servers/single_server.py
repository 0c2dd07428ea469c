"""OneServer: a single Redis, or one endpoint in front of several that it does not list."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import ReadOnlyError, ResponseError

from foreseen.adapters.cache.redis.client.bulk_set import RedisWrites, Write
from foreseen.adapters.cache.redis.client.fast_commands import Command, RedisWire
from foreseen.adapters.cache.redis.servers.bulk_get import RedisLookups, described
from foreseen.adapters.cache.redis.servers.servers_port import PROBE_MS
from foreseen.domain.errors import CacheUnavailableError, Outage


class OneServer:
    """One server: many keys per command, or one if the endpoint answers for one slot at a time."""

    def __init__(
        self, client: redis.asyncio.Redis, listener: redis.asyncio.Redis | None = None, *, by_single_keys: bool = False
    ) -> None:
        """Accept clients that do not decode replies; the listener's connection is for subscriptions only."""
        self._client = client
        self._listener = listener or client
        self._is_suspect = False
        self._wire = RedisWire(client)
        self._look_up = RedisLookups(self._wire, by_single_keys=by_single_keys)
        self._write = RedisWrites(self._wire, runs_scripts=not by_single_keys)

    @property
    def outages(self) -> Counter[Outage]:
        """Empty: there are no nodes."""
        return Counter()

    @property
    def disabled_nodes(self) -> int:
        """0: there are no nodes."""
        return 0

    @property
    def by_single_keys(self) -> bool:
        """Whether each key has a command of its own."""
        return self._look_up.by_single_keys

    def use_single_keys(self) -> None:
        """Send a command for each key from now on."""
        self._look_up.by_single_keys = True
        self._write.runs_scripts = False

    async def mode(self) -> str:
        """Return what the server calls itself: standalone, cluster or sentinel; empty if it does not say."""
        (reply,) = await self._wire.each((b"HELLO",))
        found = reply.get(b"mode", b"") if isinstance(reply, dict) else b""
        return found.decode(errors="replace") if isinstance(found, bytes) else ""

    async def find(self, names: Sequence[str]) -> Sequence[object]:
        """Look up in one round trip."""
        try:
            return await self._found(names)
        except asyncio.CancelledError:  # it took too long
            self._is_suspect = True
            raise

    async def write(self, writes: Sequence[Write]) -> int:
        """Write in one round trip."""
        try:
            return await self._write(writes)
        except ReadOnlyError:
            await self._wire.drop()
            raise

    async def each(self, *commands: Command) -> list[object]:
        """Send commands in one write and return their replies; raise the first error among them."""
        return await self._checked(await self._wire.each(*commands))

    async def ping(self, name: str) -> None:
        """Write two keys and look them up, so that an error of multi-key commands shows here too."""
        if self._is_suspect:
            # Connections to a server that hangs would use up one probe each, while another one may be primary by now.
            self._is_suspect = False
            await self._wire.drop()
        names = [f"{name}:{number}" for number in range(2)]
        value = secrets.token_bytes(16)
        await self.write([(each, value, PROBE_MS) for each in names])
        # Deleting may be forbidden, as by an ACL; then the keys expire.
        found = await self._found(names, then=[(b"DEL", each) for each in names])
        if found != [value, value]:
            raise CacheUnavailableError(f"Redis: expected to find what had just been written, got {described(found)}")

    async def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        """Publish each message, in one write."""
        await self.each(*((b"PUBLISH", channel, message) for message in messages))

    @asynccontextmanager
    async def subscribed(self, channel: str) -> AsyncIterator[PubSub]:
        """Subscribe over the listener's connection."""
        async with self._listener.pubsub() as pubsub:
            await pubsub.subscribe(channel)
            yield pubsub

    async def primaries(self) -> Sequence[redis.asyncio.Redis]:
        """Return the one client."""
        return [self._client]

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()
        await self._listener.aclose()

    async def _found(self, names: Sequence[str], *, then: Sequence[Command] = ()) -> list[object]:
        found = await self._look_up(names, then=then)
        # An error among the values of one MGET is a value that is none of ours.
        return await self._checked(found) if self.by_single_keys else found

    async def _checked(self, replies: list[object]) -> list[object]:
        for reply in replies:
            if isinstance(reply, ReadOnlyError):
                # The primary has become a replica: a new connection leads to the new primary.
                await self._wire.drop()
            if isinstance(reply, ResponseError):
                raise reply
        return replies
