"""An exchange with Redis ends by its timeout, whatever happens while it connects."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from redis.exceptions import TimeoutError as RedisTimeoutError

from foreseen.adapters.cache.redis.client.fast_commands import RedisWire
from support.virtual_time import in_virtual_time


class SilentConnection:
    """A connection on which nothing ever comes back."""

    is_connected = False
    socket_timeout: float | None = None

    def should_reconnect(self) -> bool:
        return False

    async def send_packed_command(self, packed: bytes, *, check_health: bool) -> None:
        """Accept a command."""

    async def read_response(self) -> object:
        return await asyncio.Event().wait()


class LosingPool:
    """A pool that connects for as long as anybody waits, and loses the cancellation that comes as it ends."""

    def __init__(self) -> None:
        self.max_connections = 8
        self.connection_kwargs = {"socket_timeout": 5.0}
        self.released: list[SilentConnection] = []

    async def get_connection(self) -> SilentConnection:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return SilentConnection()

    async def release(self, connection: SilentConnection) -> None:
        self.released.append(connection)


class Client:
    def __init__(self, pool: LosingPool) -> None:
        self.connection_pool = pool


@in_virtual_time
async def test_a_timeout_lost_while_connecting_ends_the_exchange() -> None:
    pool = LosingPool()
    client: Any = Client(pool)

    async with asyncio.timeout(60):
        with pytest.raises(RedisTimeoutError, match=r"no answer within 5\.0 s"):
            await RedisWire(client).call(("PING",))

    assert len(pool.released) == 1


@in_virtual_time
async def test_a_caller_cancelled_while_connecting_stays_cancelled() -> None:
    client: Any = Client(LosingPool())
    asking = asyncio.create_task(RedisWire(client).call(("PING",)))
    await asyncio.sleep(1)

    asking.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asking
