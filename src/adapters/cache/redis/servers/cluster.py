"""Cluster: the nodes of a Redis Cluster, each with its own share of the keys."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import redis.asyncio
from redis.asyncio.client import PubSub
from redis.exceptions import NoPermissionError, ResponseError

from foreseen.adapters.cache.redis.client.bulk_set import Write, set_command
from foreseen.adapters.cache.redis.client.fast_commands import Command
from foreseen.adapters.cache.redis.servers.cluster_node import Node, Send
from foreseen.adapters.cache.redis.servers.cluster_nodes import ClusterNodes
from foreseen.adapters.cache.redis.servers.servers_port import Unread
from foreseen.adapters.cache.redis.servers.slot_map import Address
from foreseen.adapters.cache.redis.servers.slot_routing import Onward, Stop, first_stops, sort_out
from foreseen.domain.errors import CacheUnavailableError, Outage

HOPS: Final = 3
"""How often a command is sent on before its key counts as not reached."""


class Cluster:
    """Servers that are the nodes of a cluster: each is sent the commands for its slots in one go, all at once.

    A node that fails or is too slow takes only its own keys along. When none is left, calls fail.
    """

    def __init__(self, seeds: Sequence[Address], options: Mapping[str, Any], *, budget_s: float) -> None:
        """Accept nodes to begin with, the options of clients, and the seconds that a call may cost a request."""
        self._nodes = ClusterNodes(seeds, options, budget_s=budget_s)
        self._has_shards = True

    @property
    def outages(self) -> Counter[Outage]:
        """Those of all nodes that there were."""
        return self._nodes.outages

    @property
    def disabled_nodes(self) -> int:
        """How many nodes are disabled now."""
        return self._nodes.disabled

    async def find(self, names: Sequence[str]) -> Sequence[object]:
        """Look up by a GET for each key, those of a node in one go."""
        return _checked(await self._answered([(b"GET", name) for name in names], Node.look_up))

    async def write(self, writes: Sequence[Write]) -> int:
        """Write by a SET for each key; those of nodes that are disabled are left out."""
        replies = _checked(await self._answered([set_command(write) for write in writes], Node.send_behind))
        if any(reply not in (b"OK", Unread.UNREACHED) for reply in replies):
            raise CacheUnavailableError("Redis: expected every key to be written, got another reply")
        return 0

    async def each(self, *commands: Command) -> list[object]:
        """Send commands, those of a node in one go."""
        return _checked(await self._answered(commands, Node.send))

    async def ping(self, name: str) -> None:
        """Use every node that is in use, or else all of them; one that works is enough."""
        await self._nodes.ping(name)

    async def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        """Publish within the channel's shard where there are sharded channels, else over the whole cluster."""
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
        self._has_shards = True  # until the next line finds out: others may publish there by now
        await self.publish(channel, [b""])
        owner = self._nodes.slots.owner_of(channel)
        if owner is None:
            raise CacheUnavailableError("Redis: no node of the cluster has the channel of pushes")
        client = self._nodes.client_of(owner, max_connections=1)
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
        await self._nodes.read_slots()
        return [self._nodes.at(owner).client for owner in self._nodes.slots.owners]

    async def read_slots(self) -> None:
        """Look up which node has which slots, unless that was done just now; raise where no node says so."""
        await self._nodes.read_slots()

    async def close(self) -> None:
        """Close every connection."""
        await self._nodes.close()

    async def _answered(self, commands: Sequence[Command], send: Send) -> list[object]:
        """Return replies in order, following those that name another node."""
        if not self._nodes.slots.is_known:
            await self._nodes.read_slots()
        answered: list[object] = [Unread.UNREACHED] * len(commands)
        stops = first_stops(commands, self._nodes.slots)
        is_stale = sum(map(len, stops.values())) < len(commands)
        for _ in range(HOPS):
            onward = Onward()
            replies = await self._sent(commands, stops, send)
            for (stop, numbers), some in zip(stops.items(), replies, strict=True):
                sort_out(stop, numbers, some, answered, self._nodes.slots, onward)
            is_stale = is_stale or onward.is_stale
            stops = onward.stops
            if not stops:
                break
        if is_stale:
            self._nodes.read_soon()
        self._nodes.require_one_in_use()
        return answered

    async def _sent(
        self, commands: Sequence[Command], stops: Mapping[Stop, list[int]], send: Send
    ) -> Sequence[list[object]]:
        calls = [
            self._nodes.at(stop.address).call(
                Node.send_asking if stop.is_asking else send, [commands[number] for number in numbers]
            )
            for stop, numbers in stops.items()
        ]
        # A task costs more than a call: one node is not waited for by means of one.
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
