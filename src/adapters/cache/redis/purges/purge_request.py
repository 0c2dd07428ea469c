"""RedisProcesses: requests a purge from the processes that share a Redis, and counts those that confirm."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeAlias, cast

from redis.asyncio.client import PubSub
from redis.exceptions import ResponseError

from foreseen.adapters.cache.fault_policy.time_budget import within
from foreseen.adapters.cache.redis.client.connection import redis_errors_translated
from foreseen.adapters.cache.redis.purges.purge_messages import (
    REQUESTS,
    Request,
    marker,
    read_confirmation,
    replies_to,
    written,
)
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.domain.purging import Reached

_Counts: TypeAlias = Awaitable[Sequence[tuple[bytes, int]]]
"""The number of listeners to each channel."""

WAIT_S: Final = 3.0
"""Seconds for processes to confirm; those that do not are reported as silent."""

MARKER_MS: Final = 30 * 86_400_000
"""Milliseconds for which the marker of a purge is kept for processes that missed the request or start later."""


class RedisProcesses:
    """Publishes a purge, after writing a marker for the processes that do not listen now."""

    def __init__(self, servers: Servers, *, wait_s: float = WAIT_S, clock: Callable[[], float] = time.time) -> None:
        """Accept the clock as seconds since 1970."""
        self._servers = servers
        self._wait_s = wait_s
        self._clock = clock

    async def purge(self, model: str | None) -> Reached:
        """Request a purge of all processes that listen, and wait up to `wait_s` seconds for their confirmations."""
        request = Request(secrets.token_hex(8), model)
        with redis_errors_translated():
            async with self._servers.subscribed(replies_to(request.id)) as replies:
                await within(self._wait_s, self._greeted(replies))
                await self._servers.each(
                    (b"SET", marker(model), str(int(self._clock() * 1e6)), b"PX", str(MARKER_MS)),
                )
                listeners = await self._listeners()
                await self._servers.publish(REQUESTS, [written(request)])
                return await self._confirmed(replies, listeners)

    async def _greeted(self, replies: PubSub) -> None:
        """Wait until the subscription is active: confirmations published earlier would be missed."""
        while (greeting := await replies.get_message(timeout=self._wait_s)) is None or not _is_greeting(greeting):
            continue

    async def _listeners(self) -> int:
        """Return how many processes listen, on all nodes together."""
        listeners = 0
        for client in await self._servers.primaries():
            # The types of its methods hold for both of its protocols, and for awaiting or not.
            listeners += sum(count for _, count in await cast("_Counts", client.pubsub_numsub(REQUESTS)))
            with suppress(ResponseError):  # a server before Redis 7
                listeners += sum(count for _, count in await cast("_Counts", client.pubsub_shardnumsub(REQUESTS)))
        return listeners

    async def _confirmed(self, replies: PubSub, expected: int) -> Reached:
        confirmed: dict[int, int | None] = {}
        until = asyncio.get_running_loop().time() + self._wait_s
        while len(confirmed) < expected and (left := until - asyncio.get_running_loop().time()) > 0:
            message = await replies.get_message(timeout=left)
            if message is not None and (confirmation := read_confirmation(message["data"])) is not None:
                confirmed[confirmation.process] = confirmation.removed
        removed = {process: count for process, count in confirmed.items() if count is not None}
        return Reached(removed, silent=max(0, expected - len(confirmed)))


def _is_greeting(message: Mapping[str, object]) -> bool:
    return message["type"] in ("subscribe", "ssubscribe")
