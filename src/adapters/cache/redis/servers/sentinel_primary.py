"""SentinelPrimary: the one server that Sentinels name."""

import redis.asyncio

from foreseen.adapters.cache.redis.servers.sentinel_connections import Sentinels
from foreseen.adapters.cache.redis.servers.single_server import OneServer


class SentinelPrimary(OneServer):
    """One server, whose connections are closed together with those to the Sentinels that lead there."""

    def __init__(self, sentinels: Sentinels, client: redis.asyncio.Redis, listener: redis.asyncio.Redis) -> None:
        super().__init__(client, listener)
        self.sentinels = sentinels

    async def close(self) -> None:
        """Close every connection."""
        await super().close()
        await self.sentinels.close()
