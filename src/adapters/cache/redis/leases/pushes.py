"""RedisPushes: entries that processes push to one another over a channel of Redis."""

import asyncio
import logging
import secrets
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from redis.asyncio.client import PubSub

from foreseen.adapters.cache.redis.client.channel_messages import messages
from foreseen.adapters.cache.redis.client.connection import PREFIX, redis_errors_translated
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.domain.identity.key import Key

log = logging.getLogger(__name__)

NOTHING: Final = b""
"""Pushed for a key that no entry will be pushed for."""

SILENCE_S: Final = 5.0
"""Seconds without a message until the connection is checked; after twice that it counts as broken."""

RETRY_S: Final = 1.0
"""Seconds from a failed attempt to listen to the next."""

_KEY_SIZE: Final = struct.Struct("<H")

_NO_KEY: Final = Key(b"")
"""Pushed to check whether this process receives its own messages."""


class RedisPushes:
    """Bytes for keys, on one channel per model; every listener receives all of them.

    A channel per key would cost a subscription for each key that is waited for. An entry that is pushed here took the
    model tens of milliseconds, so even with fifty processes a listener receives a thousand a second at most.

    `listen` opens a connection of its own, used until it breaks; then every wait ends, and the next `listen` connects
    again. It succeeds once this process receives its own message, so without permission to subscribe or to publish no
    caller waits.
    """

    def __init__(self, servers: Servers, *, model_name: str) -> None:
        self._servers = servers
        self._channel = f"{PREFIX}:{model_name}:pushes"
        self._greeting = secrets.token_bytes(16)
        self._awaited: dict[Key, list[asyncio.Future[bytes]]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._hears: asyncio.Future[bool] | None = None
        self._retry_at = 0.0
        self._was_logged = False

    async def listen(self) -> bool:
        """Receive pushes from now on; return whether that works."""
        loop = asyncio.get_running_loop()
        if self._hears is None:
            if loop.time() < self._retry_at:
                return False
            self._hears = loop.create_future()
            self._listening = asyncio.create_task(self._listen(self._hears), name="listen for pushes")
        return await asyncio.shield(self._hears)

    @contextmanager
    def awaited(self, key: Key) -> Iterator[asyncio.Future[bytes]]:
        """Yield a future of the bytes pushed for a key; it becomes NOTHING if the connection breaks."""
        pushed: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._awaited.setdefault(key, []).append(pushed)
        try:
            yield pushed
        finally:
            self._awaited[key].remove(pushed)
            if not self._awaited[key]:
                del self._awaited[key]

    async def push(self, blobs: Mapping[Key, bytes]) -> None:
        """Send bytes to all listeners in one round trip; raise CacheUnavailableError."""
        with redis_errors_translated():
            await self._servers.publish(self._channel, [_message(key, blob) for key, blob in blobs.items()])

    async def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self, hears: asyncio.Future[bool]) -> None:
        try:
            with redis_errors_translated():
                async with self._servers.subscribed(self._channel) as pubsub:
                    await self._hear(pubsub, hears)
        except Exception as exc:  # noqa: BLE001 - whatever a server's replies make redis-py raise
            if not self._was_logged:
                log.warning(
                    "pushes of other processes are not received, so what they compute is computed here too: %s", exc
                )
            self._was_logged = True
        finally:
            if not hears.done():
                self._retry_at = asyncio.get_running_loop().time() + RETRY_S
                hears.set_result(False)
            self._hears = None
            for pushed in [pushed for waiting in self._awaited.values() for pushed in waiting if not pushed.done()]:
                pushed.set_result(NOTHING)

    async def _hear(self, pubsub: PubSub, hears: asyncio.Future[bool]) -> None:
        async for message in messages(pubsub, SILENCE_S):
            if message is None:
                await self.push({_NO_KEY: self._greeting})
                continue
            if message == _message(_NO_KEY, self._greeting) and not hears.done():
                hears.set_result(True)
                self._was_logged = False
            self._deliver(message)

    def _deliver(self, message: object) -> None:
        if not isinstance(message, bytes) or len(message) < _KEY_SIZE.size:
            return
        end = _KEY_SIZE.size + _KEY_SIZE.unpack_from(message)[0]
        for pushed in self._awaited.get(Key(message[_KEY_SIZE.size : end]), ()):
            if not pushed.done():
                pushed.set_result(message[end:])


def _message(key: Key, blob: bytes) -> bytes:
    return _KEY_SIZE.pack(len(key)) + key + blob
