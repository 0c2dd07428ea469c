"""Servers: how keys are reached, wherever they are; everything that depends on `redis_mode` is behind this."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import Final, Protocol

import redis.asyncio
from redis.asyncio.client import PubSub

from foreseen.adapters.cache.redis.client.bulk_set import Write
from foreseen.adapters.cache.redis.client.fast_commands import Command
from foreseen.domain.errors import Outage

PROBE_MS: Final = 10_000
"""Milliseconds after which a probe's key expires, if it may not be deleted."""


class Unread(Enum):
    """The reason why a reply was not received, or not read."""

    UNREACHED = "the node that has this key is disabled"
    TOO_LARGE = "the value is larger than any entry"
    OTHER_TYPE = "the value is not a string"


class Servers(Protocol):
    """The servers that hold our keys; each command names one key, as its second word.

    Methods raise RedisError, OSError or CacheUnavailableError if nothing can be reached.
    """

    @property
    def outages(self) -> Counter[Outage]:
        """How often one of several nodes was disabled by itself, since the start, by what disabled it."""

    @property
    def disabled_nodes(self) -> int:
        """How many of several nodes are disabled now."""

    async def find(self, names: Sequence[str]) -> Sequence[object]:
        """Return what is under each key: bytes, None for nothing, or why it was not read."""

    async def write(self, writes: Sequence[Write]) -> int:
        """Write all whose servers are in use; return how many keys were seen to hold another type than strings."""

    async def each(self, *commands: Command) -> list[object]:
        """Send commands, and return their replies in order; raise the first that is an error.

        Commands are sent again if a connection broke, and so must be idempotent.
        """

    async def ping(self, name: str) -> None:
        """Write and look up keys that begin with a name, as requests do, connecting if necessary."""

    async def publish(self, channel: str, messages: Sequence[bytes]) -> None:
        """Send messages to all subscribers."""

    def subscribed(self, channel: str) -> AbstractAsyncContextManager[PubSub]:
        """Return a subscription to a channel, over a connection of its own; its greeting has yet to come."""

    async def primaries(self) -> Sequence[redis.asyncio.Redis]:
        """Return clients that together reach all keys, each once."""

    async def close(self) -> None:
        """Close every connection."""
