"""Cluster: the nodes of a Redis Cluster, each with its own share of the keys."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import NoPermissionError, ResponseError

from foreseen.adapters.cache.redis.client.bulk_set import Write, set_command
from foreseen.adapters.cache.redis.client.fast_commands import Command
from foreseen.adapters.cache.redis.servers.cluster_node import Node, Send
from foreseen.adapters.cache.redis.servers.cluster_nodes import ClusterNodes
from foreseen.adapters.cache.redis.servers.servers_port import Unread
from foreseen.adapters.cache.redis.servers.slot_map import Address
from foreseen.adapters.cache.redis.servers.slot_routing import Redirected, Stop, first_stops, sort_out
from foreseen.domain.errors import CacheUnavailableError, Outage

HOPS: Final = 3
"""How often a command is redirected before its key counts as unreachable."""

OPERATOR_READS: Final = 3
"""How often the map of slots is read for an operator's command, which can wait and must not miss a node."""


class Cluster:
    """The nodes of a cluster: each gets the commands for its slots in one write, all nodes at once. A node that fails
    or is too slow affects only its own keys. When none is left, calls fail.
    """

    def __init__(self, seeds: Sequence[Address], options: Mapping[str, object], *, budget_s: float) -> None:
        """Accept nodes to begin with, the options of clients, and the seconds that a call may cost a request."""
        self.nodes = ClusterNodes(seeds, options, budget_s=budget_s)
        self._has_shards = True

    @property
    def outages(self) -> Counter[Outage]:
        """Those of all nodes, also former ones."""
        return self.nodes.outages

    @property
    def disabled_nodes(self) -> int:
        """How many nodes are disabled now."""
        return self.nodes.disabled

    async def find(self, names: Sequence[str]) -> Sequence[object]:
        """Look up by a GET for each key, those of a node in one write."""
        return _checked(await self._answered([(b"GET", name) for name in names], Node.look_up))

    async def write(self, writes: Sequence[Write]) -> int:
        """Write by a SET for each key; those of nodes that are disabled are left out."""
        replies = _checked(await self._answered([set_command(write) for write in writes], Node.send_behind))
        if any(reply not in (b"OK", Unread.UNREACHED) for reply in replies):
            raise CacheUnavailableError("Redis: expected every key to be written, got another reply")
        return 0

    async def each(self, *commands: Command) -> list[object]:
        """Send commands, those of a node in one write."""
        return _checked(await self._answered(commands, Node.send))

    async def ping(self, name: str) -> None:
        """Probe every node in use, or all if none is; one that works is enough."""
        await self.nodes.ping(name)

    async def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        """Publish in the channel's shard if there are sharded channels, otherwise in the whole cluster."""
        replies: list[object] = []
        if self._has_shards:
            replies = await self._answered([(b"SPUBLISH", channel, message) for message in messages], Node.send)
            self._has_shards = not any(map(_says_no_shards, replies))
        if not self._has_shards:
            replies = await self._answered([(b"PUBLISH", channel, message) for message in messages], Node.send)
        if Unread.UNREACHED in _checked(replies):
            raise CacheUnavailableError("Redis: L2 is disabled for the node that has the channel")

    @asynccontextmanager
    async def subscribed(self, channel: str) -> AsyncIterator[PubSub]:
        """Subscribe on the node that has the channel."""
        self._has_shards = True  # checked again by the next line: other processes may publish in shards by now
        await self.publish(channel, [b""])
        owner = self.nodes.slots.owner_of(channel)
        if owner is None:
            raise CacheUnavailableError("Redis: no node of the cluster has the channel of pushes")
        client = self.nodes.client_of(owner, max_connections=1)
        try:
            async with client.pubsub() as pubsub:
                if self._has_shards:
                    await pubsub.ssubscribe(channel)
                else:
                    await pubsub.subscribe(channel)
                yield pubsub
        finally:
            await client.aclose()

    async def primaries(self) -> Sequence[redis.asyncio.Redis]:
        """Return a client for each node that has slots."""
        for _ in range(OPERATOR_READS - 1):
            with suppress(CacheUnavailableError):
                await self.nodes.read_slots()
                break
        else:
            await self.nodes.read_slots()
        return [self.nodes.at(owner).client for owner in self.nodes.slots.owners]

    async def read_slots(self) -> None:
        """Look up which node has which slots, unless that was done just now; raise if no node replies."""
        await self.nodes.read_slots()

    async def close(self) -> None:
        """Close every connection."""
        await self.nodes.close()

    async def _answered(self, commands: Sequence[Command], send: Send) -> list[object]:
        """Return replies in order, following those that name another node."""
        if not self.nodes.slots.is_known:
            await self.nodes.read_slots()
        answered: list[object] = [Unread.UNREACHED] * len(commands)
        stops = first_stops(commands, self.nodes.slots)
        is_stale = sum(map(len, stops.values())) < len(commands)
        for _ in range(HOPS):
            redirected = Redirected()
            replies = await self._sent(commands, stops, send)
            for (stop, numbers), some in zip(stops.items(), replies, strict=True):
                sort_out(stop, numbers, some, answered, self.nodes.slots, redirected)
            is_stale = is_stale or redirected.is_stale
            stops = redirected.stops
            if not stops:
                break
        if is_stale:
            self.nodes.read_soon()
        self.nodes.require_one_in_use()
        return answered

    async def _sent(
        self, commands: Sequence[Command], stops: Mapping[Stop, list[int]], send: Send
    ) -> Sequence[list[object]]:
        calls = [
            self.nodes.at(stop.address).call(
                Node.send_asking if stop.is_asking else send, [commands[number] for number in numbers]
            )
            for stop, numbers in stops.items()
        ]
        # A task costs more than a call, so a single node gets none.
        return [await calls[0]] if len(calls) == 1 else await asyncio.gather(*calls)


def _says_no_shards(reply: object) -> bool:
    """Whether there are no sharded channels here: a cluster before Redis 7, or an ACL that forbids them."""
    return isinstance(reply, NoPermissionError) or (
        isinstance(reply, ResponseError) and str(reply).lower().startswith("unknown command")
    )


def _checked(replies: list[object]) -> list[object]:
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise reply
    return replies
