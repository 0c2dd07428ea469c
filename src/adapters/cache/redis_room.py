"""How much may be written to Redis before it evicts what others asked for, or refuses to be written to."""

import math
from typing import Any, Final

import redis.asyncio
from redis.exceptions import ResponseError

from foreseen.adapters.cache.redis_connection import redis_errors_translated

KEPT_FREE: Final = 0.1
"""The share of its memory that is left to others: what is counted as used lags behind, and a fork needs some."""


class RedisRoom:
    """Asks a server how much memory it has left."""

    def __init__(self, client: redis.asyncio.Redis) -> None:
        # Its methods have no types that hold for both of its protocols.
        self._client: Any = client

    async def __call__(self) -> float:
        """Give the bytes that are free; infinite where nothing bounds them, or nobody may ask.

        Raises:
            CacheUnavailableError: the server does not answer.
        """
        with redis_errors_translated():
            try:
                told = await self._client.info("memory")
            except ResponseError:  # an ACL without INFO
                return math.inf
        most, used = int(told.get("maxmemory", 0)), int(told.get("used_memory", 0))
        return max(0.0, most * (1 - KEPT_FREE) - used) if most else math.inf
