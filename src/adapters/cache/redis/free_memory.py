"""How much may be written to Redis before it evicts entries or rejects writes."""

import math
from typing import TYPE_CHECKING, Final, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from foreseen.adapters.cache.redis.client.connection import redis_errors_translated
from foreseen.adapters.cache.redis.servers.servers_port import Servers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

KEPT_FREE: Final = 0.1
"""The share of its memory to leave free: the count of used memory lags behind, and a fork needs some."""


class RedisFreeMemory:
    """Measures how much memory the servers have left."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    async def __call__(self) -> float:
        """Return the bytes that are free; infinite if nothing bounds them, or if that cannot be known.

        Keys are spread evenly over the nodes of a cluster, so the fullest one bounds them all.

        Raises:
            CacheUnavailableError: a server does not answer.
        """
        with redis_errors_translated():
            clients = await self._servers.primaries()
            return len(clients) * min([await _free_bytes(client) for client in clients], default=math.inf)


async def _free_bytes(client: Redis) -> float:
    try:
        # The types of its methods hold for both of its protocols, and for awaiting or not.
        memory = await cast("Awaitable[Mapping[str, int]]", client.info("memory"))
    except ResponseError:  # an ACL without INFO
        return math.inf
    most, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
    return max(0.0, most * (1 - KEPT_FREE) - used) if most else math.inf
