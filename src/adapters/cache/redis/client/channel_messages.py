"""Messages of a channel, for as long as its connection lives."""

from collections.abc import AsyncIterator
from typing import TypedDict

from redis.asyncio.client import PubSub

from foreseen.domain.errors import CacheUnavailableError


class _Message(TypedDict):
    type: str
    data: bytes


async def messages(pubsub: PubSub, silence_s: float) -> AsyncIterator[bytes | None]:
    """Yield what is published on a channel, and None each time that it is subscribed to, as after a reconnection.

    Args:
        silence_s: seconds without a message after which the server is pinged; after as many more, the connection
        counts as broken.
    Raises:
        CacheUnavailableError: nothing is received, or the slot of the channel has moved to another node.
    """
    was_silent = False
    while True:
        # A time is given, since without one some versions of redis-py fall back to that of ordinary reads.
        message: _Message | None = await pubsub.get_message(timeout=silence_s)
        if message is None:
            if was_silent:
                raise CacheUnavailableError(f"Redis: nothing received for {2 * silence_s:g} s")
            await pubsub.ping()
        elif message["type"] in ("unsubscribe", "sunsubscribe"):
            raise CacheUnavailableError("Redis: the channel is on another node now")
        elif message["type"] in ("subscribe", "ssubscribe"):
            yield None
        elif message["type"] in ("message", "smessage"):
            yield message["data"]
        was_silent = message is None
