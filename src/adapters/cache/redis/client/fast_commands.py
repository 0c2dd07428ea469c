"""RedisWire: the shortest way to Redis and back that redis-py's connections allow."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias
from weakref import WeakSet

import redis.asyncio
import redis.exceptions
from hiredis import pack_command
from redis.exceptions import ResponseError

Command: TypeAlias = Sequence[str | bytes | int]

# Its stub takes it for a pair of brackets around one argument.
_packed: Callable[[tuple[str | bytes | int, ...]], bytes] = pack_command  # type: ignore[assignment]

KEPT: Final = 4
"""Connections that are kept at most: lookups of successive turns of the event loop overlap, and a write with them."""

LEFT_TO_OTHERS: Final = 2
"""Connections that are never kept, since the pool is not ours alone."""


class RedisWire:
    """Sends commands over connections that it takes from a client's pool, and keeps.

    The client's own `execute_command` goes to the pool for every command, packs it in Python, and sets two timeouts,
    the first of which makes a task of each write on Python 3.11: more than half of what a lookup costs this process.
    """

    def __init__(self, client: redis.asyncio.Redis) -> None:
        """Take a client that does not decode replies; its socket timeout is that of a whole exchange here."""
        self._client = client
        # Its methods, and those of its connections, have no types.
        self._pool: Any = client.connection_pool
        self._timeout_s: float | None = self._pool.connection_kwargs.get("socket_timeout")
        self._most_kept = min(KEPT, self._pool.max_connections - LEFT_TO_OTHERS)
        self._kept: list[Any] = []
        self._waiting = 0
        self._is_closed = False
        self._released = WeakSet[Any]()
        self._stale = WeakSet[Any]()

    async def ask(self, *commands: Command) -> list[object]:
        """Send commands in one go, and give their replies in order.

        Raises:
            RedisError, OSError: as `each`. Of commands that the server refused, the first one's error is raised, after
                every reply has been read.
        """
        replies = await self.each(*commands)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise reply
        return replies

    async def each(self, *commands: Command) -> list[object]:
        """Send commands in one go, and give their replies in order, a ResponseError for each that is refused.

        They must bear being sent twice: where the server has closed the connection meanwhile, they are.

        Raises:
            RedisError, OSError: as redis-py does, but for what the server refuses.
        """
        if self._is_closed:
            raise redis.exceptions.ConnectionError("its connections are closed")
        packed = b"".join([_packed(tuple(command)) for command in commands])
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchanged(packed, len(commands))
        except redis.exceptions.ConnectionError:
            await self.drop()
            raise
        except TimeoutError as exc:
            await self.drop()
            raise redis.exceptions.TimeoutError(f"no answer within {self._timeout_s} s") from exc

    async def drop(self) -> None:
        """Use no connection again that is open now: what they lead to may be another server by now."""
        kept, self._kept = self._kept, []
        for connection in kept:
            await self._release(connection)
        self._stale |= self._released

    async def close(self) -> None:
        """Close every connection of the client; a call that is under way opens no other one."""
        self._is_closed = True
        await self._client.aclose()

    async def _exchanged(self, packed: bytes, replies: int) -> list[object]:
        is_kept = bool(self._kept)
        connection = self._kept.pop() if is_kept else await self._taken()
        try:
            return await _exchanged_on(connection, packed, replies)
        except redis.exceptions.ConnectionError:
            if not is_kept or self._is_closed:
                raise
            # Closed while nobody used it, by a restart or the server's own timeout.
            return await _exchanged_on(connection, packed, replies)
        finally:
            # Whatever went wrong has closed it; it connects again when it is used.
            await self._put_back(connection)

    async def _taken(self) -> Any:
        before = _cancellations()
        self._waiting += 1
        try:
            connection = await self._pool.get_connection()
        finally:
            self._waiting -= 1
        if _cancellations() > before:
            # `asyncio.wait_for` of Python 3.11, by which redis-py greets, loses a cancellation that comes as it ends.
            # That was our timeout, or our caller's: nothing else would end this exchange with a server that is silent.
            await self._release(connection)
            raise asyncio.CancelledError
        self._released.discard(connection)
        if connection in self._stale:
            self._stale.discard(connection)
            await connection.disconnect(nowait=True)
        # The timeout around the exchange holds instead.
        connection.socket_timeout = None
        return connection

    async def _put_back(self, connection: Any) -> None:
        if self._is_closed:  # it may have been opened just when the others were closed
            await connection.disconnect(nowait=True)
            await self._release(connection)
        elif len(self._kept) < self._most_kept and not self._waiting and not connection.should_reconnect():
            self._kept.append(connection)
        else:
            await self._release(connection)

    async def _release(self, connection: Any) -> None:
        connection.socket_timeout = self._timeout_s
        self._released.add(connection)
        await self._pool.release(connection)


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


async def _exchanged_on(connection: Any, packed: bytes, replies: int) -> list[object]:
    # What nobody asked for, or who asked for it has not read to its end, is no reply to the next one.
    if connection.is_connected and await connection.can_read():
        await connection.disconnect(nowait=True)
    # No health check: it would be a round trip that fails where the command itself fails.
    await connection.send_packed_command(packed, check_health=False)
    return [await _reply(connection) for _ in range(replies)]


async def _reply(connection: Any) -> object:
    try:
        reply: object = await connection.read_response()
    except ResponseError as exc:
        return exc
    return reply
