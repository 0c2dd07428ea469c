"""AutoServers: detects what answers at a URL, and uses it accordingly."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import AskError, ClusterCrossSlotError, ResponseError

from foreseen.adapters.cache.redis.client.bulk_set import Write
from foreseen.adapters.cache.redis.client.fast_commands import Command
from foreseen.adapters.cache.redis.servers.cluster import Cluster
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.errors import CacheUnavailableError, Outage

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_OF_A_CLUSTER: Final = (AskError, ClusterCrossSlotError)
"""Errors that only clusters reply; MovedError is an AskError."""

FOUND_EVERY_S: Final = 3.0
"""Seconds for which a detection is valid: of the two probes before a server is used, the second has little time."""

_NEVER: Final = float("-inf")

_IN_CLUSTER: Final = "L2 is a Redis Cluster: keys are looked up and written on the node that has their slot"
_BY_SINGLE_KEYS: Final = (
    "L2 is one endpoint of a cluster that does not list its nodes: keys are looked up and written one by one"
)


class AutoServers:
    """One server, a cluster, or an endpoint that answers for one slot at a time. Each probe detects it by the server's
    greeting, since the server behind a name may be replaced. If the greeting does not say, as with some proxies, the
    first reply that only clusters give decides.
    """

    def __init__(self, one: OneServer, cluster: Cluster | None) -> None:
        """Accept both ways to use the same URL; None if it has no address from which nodes could be found."""
        self._one = one
        self._cluster = cluster
        self._now: Servers = one
        self._found_at = _NEVER
        self._logged = ""

    async def find(self, names: Sequence[str]) -> Sequence[object]:
        """Look up in the servers in use."""
        return await self._tried(lambda servers: servers.find(names))

    async def write(self, writes: Sequence[Write]) -> int:
        """Write to the servers in use."""
        return await self._tried(lambda servers: servers.write(writes))

    async def each(self, *commands: Command) -> list[object]:
        """Send commands to the servers in use."""
        return await self._tried(lambda servers: servers.each(*commands))

    async def ping(self, name: str) -> None:
        """Detect what answers, and ping it."""
        await self._look_again()
        await self._tried(lambda servers: servers.ping(name))

    async def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        """Publish to the servers in use."""
        await self._now.publish(channel, messages)

    @asynccontextmanager
    async def subscribed(self, channel: str) -> AsyncIterator[PubSub]:
        """Detect what answers, and subscribe there: plain subscribers do not receive what is published in a shard."""
        await self._look_again()
        async with self._now.subscribed(channel) as pubsub:
            yield pubsub

    async def primaries(self) -> Sequence[redis.asyncio.Redis]:
        """Detect what answers, unless that is known, and return its primaries."""
        if self._found_at == _NEVER:
            await self._find_out()
        return await self._now.primaries()

    @property
    def outages(self) -> Counter[Outage]:
        """Those of a cluster's nodes."""
        return self._cluster.outages if self._cluster is not None else Counter()

    @property
    def disabled_nodes(self) -> int:
        """Those of the servers in use."""
        return self._now.disabled_nodes

    async def close(self) -> None:
        """Close both."""
        await self._one.close()
        if self._cluster is not None:
            await self._cluster.close()

    async def _tried(self, call: Callable[[Servers], Awaitable[Result]]) -> Result:
        try:
            return await call(self._now)
        except _OF_A_CLUSTER:
            if self._now is not self._one or self._one.by_single_keys:
                raise
            await self._go_over()
            return await call(self._now)

    async def _look_again(self) -> None:
        if asyncio.get_running_loop().time() - self._found_at > FOUND_EVERY_S:
            await self._find_out()

    async def _find_out(self) -> None:
        mode = await self._one.mode()
        if mode == "sentinel":
            raise CacheUnavailableError(
                "Redis: a Sentinel answers here; write redis+sentinel://HOST:PORT/SERVICE in redis_url",
                kind="SENTINEL",
                needs_operator=True,
            )
        if mode == "cluster":
            await self._go_over()
        elif mode:
            self._now = self._one
        self._found_at = asyncio.get_running_loop().time()

    async def _go_over(self) -> None:
        """Use the nodes if they can be found, otherwise send a command for each key."""
        if self._cluster is not None:
            try:
                await self._cluster.read_slots()
            except CacheUnavailableError as exc:
                if not isinstance(exc.__cause__, ResponseError):
                    raise
                log.debug("the endpoint does not say which node has which slots: %s", exc)
            else:
                self._now = self._cluster
                self._log(_IN_CLUSTER)
                return
        self._one.use_single_keys()
        self._now = self._one
        self._log(_BY_SINGLE_KEYS)

    def _log(self, words: str) -> None:
        if words != self._logged:
            log.info(words)
        self._logged = words
