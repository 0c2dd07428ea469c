"""How much may be written to Redis before it evicts entries or rejects writes."""

import math
from typing import Any, Final

from redis.exceptions import ResponseError

from foreseen.adapters.cache.redis.client.connection import redis_errors_translated
from foreseen.adapters.cache.redis.servers.servers_port import Servers

KEPT_FREE: Final = 0.1
"""The share of its memory to leave free: the count of used memory lags behind, and a fork needs some."""


class RedisRoom:
    """Measures how much memory the servers have left."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    async def __call__(self) -> float:
        """Return the bytes that are free; infinite where nothing bounds them, or where that cannot be known.

        Keys are spread evenly over the nodes of a cluster, so the fullest one bounds them all.

        Raises:
            CacheUnavailableError: a server does not answer.
        """
        with redis_errors_translated():
            clients = await self._servers.primaries()
            return len(clients) * min([await _free_bytes(client) for client in clients], default=math.inf)


async def _free_bytes(client: Any) -> float:  # its methods have no types that hold for both of its protocols
    try:
        memory = await client.info("memory")
    except ResponseError:  # an ACL without INFO
        return math.inf
    most, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
    return max(0.0, most * (1 - KEPT_FREE) - used) if most else math.inf
