"""RedisWire: the shortest way to Redis and back that redis-py's connections allow."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, TypeAlias, cast
from weakref import WeakSet

import redis.asyncio
import redis.exceptions
from hiredis import pack_command
from redis.exceptions import ResponseError

Command: TypeAlias = Sequence[str | bytes | int]

# hiredis' stub declares a tuple of one argument.
_packed: Callable[[tuple[str | bytes | int, ...]], bytes] = pack_command  # type: ignore[assignment]

KEPT: Final = 4
"""Most connections to keep: lookups of successive turns of the event loop overlap, and a write with them."""

LEFT_TO_OTHERS: Final = 2
"""Connections of the pool that are never kept, since it has other users."""


class Connection(Protocol):
    """The methods used of redis-py's connections, which have no types themselves."""

    socket_timeout: float | None
    is_connected: bool

    async def can_read(self) -> bool:
        """Return whether bytes wait to be read."""

    async def disconnect(self, *, nowait: bool) -> None:
        """Close it; it reconnects when it is used again."""

    async def send_packed_command(self, command: bytes, *, check_health: bool) -> None:
        """Send commands; connect first if necessary."""

    async def read_response(self) -> object:
        """Return the next reply; raise it if it is an error."""

    def should_reconnect(self) -> bool:
        """Return whether it is to be closed before it is used again."""


class Pool(Protocol):
    """The methods used of redis-py's pools."""

    max_connections: int
    connection_kwargs: Mapping[str, float | None]

    async def get_connection(self) -> Connection:
        """Wait for a connection."""

    async def release(self, connection: Connection) -> None:
        """Accept a connection that is no longer used."""


class RedisWire:
    """Sends commands over connections that it takes from a client's pool, and keeps.

    The client's own `execute_command` goes to the pool for every command, packs it in Python, and sets two timeouts,
    the first of which makes a task of each write on Python 3.11: more than half of what a lookup costs this process.
    """

    def __init__(self, client: redis.asyncio.Redis) -> None:
        """Accept a client that does not decode replies; its socket timeout bounds a whole exchange here."""
        self._client = client
        self._pool = cast("Pool", client.connection_pool)  # of which redis-py types less than is used
        self._timeout_s = self._pool.connection_kwargs.get("socket_timeout")
        self._most_kept = min(KEPT, self._pool.max_connections - LEFT_TO_OTHERS)
        self._kept: list[Connection] = []
        self._waiting = 0
        self._is_closed = False
        self._released = WeakSet[Connection]()
        self._stale = WeakSet[Connection]()

    async def call(self, *commands: Command) -> list[object]:
        """Send commands in one write and return their replies in order.

        Raises:
            RedisError, OSError: raised by `each`. If replies are errors, the first of them is raised after every reply
                has been read.
        """
        replies = await self.each(*commands)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise reply
        return replies

    async def each(self, *commands: Command) -> list[object]:
        """Send commands in one write and return their replies in order; an error reply is a ResponseError among them.

        Commands must be idempotent: if the server has closed the kept connection, they are sent again.

        Raises:
            RedisError, OSError: raised by redis-py, except for error replies.
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
        """Reuse no connection that is open now: its address may lead to another server by now."""
        kept, self._kept = self._kept, []
        for connection in kept:
            await self._release(connection)
        self._stale |= self._released

    async def close(self) -> None:
        """Close every connection of the client; a call in progress opens no other one."""
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
            # Closed while idle, by a restart or the server's own timeout.
            return await _exchanged_on(connection, packed, replies)
        finally:
            # A failure has closed it; it connects again when it is next used.
            await self._put_back(connection)

    async def _taken(self) -> Connection:
        before = _cancellations()
        self._waiting += 1
        try:
            connection = await self._pool.get_connection()
        finally:
            self._waiting -= 1
        if _cancellations() > before:
            # redis-py greets in `asyncio.wait_for`, which on Python 3.11 loses a cancellation that comes at its end.
            # That was our timeout's, or our caller's: nothing else would end this exchange with a silent server.
            await self._release(connection)
            raise asyncio.CancelledError
        self._released.discard(connection)
        if connection in self._stale:
            self._stale.discard(connection)
            await connection.disconnect(nowait=True)
        # The timeout around the exchange holds instead.
        connection.socket_timeout = None
        return connection

    async def _put_back(self, connection: Connection) -> None:
        if self._is_closed:  # it may have been opened just when the others were closed
            await connection.disconnect(nowait=True)
            await self._release(connection)
        elif len(self._kept) < self._most_kept and not self._waiting and not connection.should_reconnect():
            self._kept.append(connection)
        else:
            await self._release(connection)

    async def _release(self, connection: Connection) -> None:
        connection.socket_timeout = self._timeout_s
        self._released.add(connection)
        await self._pool.release(connection)


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


async def _exchanged_on(connection: Connection, packed: bytes, replies: int) -> list[object]:
    # Bytes that wait here are unsolicited, or the rest of a cancelled exchange: not the reply to the next command.
    if connection.is_connected and await connection.can_read():
        await connection.disconnect(nowait=True)
    # No health check: it would be a round trip that fails only if the command fails as well.
    await connection.send_packed_command(packed, check_health=False)
    return [await _reply(connection) for _ in range(replies)]


async def _reply(connection: Connection) -> object:
    try:
        return await connection.read_response()
    except ResponseError as exc:
        return exc
