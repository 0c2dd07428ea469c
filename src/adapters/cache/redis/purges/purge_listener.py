"""RedisPurgeListener: receives purges that others request, and confirms them."""

import asyncio
import logging
import re
from typing import Final, Protocol, Self

from redis.asyncio.client import PubSub
from redis.exceptions import NoPermissionError

from foreseen.adapters.cache.redis.client.channel_messages import messages
from foreseen.adapters.cache.redis.client.connection import redis_errors_translated
from foreseen.adapters.cache.redis.purges.purge_messages import (
    REQUESTS,
    Confirmation,
    marker,
    read_request,
    replies_to,
    written,
)
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.domain.errors import CacheUnavailableError

log = logging.getLogger(__name__)

SILENCE_S: Final = 15.0
"""Seconds without a message until the connection is checked; after twice that it counts as broken."""

RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 30.0
"""Seconds until the next attempt to listen, doubled each time."""

CANCELLED_AGAIN_S: Final = 0.05
"""Seconds after which a task that has not ended is cancelled once more."""

_MARK: Final = re.compile(rb"[0-9]{1,17}")

PURGE_S: Final = 2.0
"""Seconds for writes under way to end; a process whose writes take longer does not confirm."""


class PurgesProcess(Protocol):
    """What purges this process."""

    @property
    def process(self) -> int:
        """The number that identifies it."""

    async def __call__(self, *, until_us: float | None = None) -> int:
        """Remove entries made or begun until now, or until then; return how many there were."""

    def knows_of(self, until_us: float) -> bool:
        """Return whether all entries made until then are removed already."""


class RedisPurgeListener:
    """Listens over a connection of its own. Whenever it begins to listen, or fails to, it checks whether
    it has missed a purge.
    """

    def __init__(
        self,
        servers: Servers,
        purge: PurgesProcess,
        *,
        model_name: str,
    ) -> None:
        """Accept what purges this process, and the name of its model."""
        self._servers = servers
        self._purge = purge
        self._model_name = model_name
        self._listening: asyncio.Task[None] | None = None
        self._retry_s = RETRY_S
        self._was_said = False
        self._is_closing = False

    async def __aenter__(self) -> Self:
        """Begin to listen, in the background."""
        self._listening = asyncio.create_task(self._listen(), name="listen for purges")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        self._is_closing = True
        # Repeatedly: a library in between may mistake a cancellation for a timeout of its own.
        while self._listening is not None and not self._listening.done():
            self._listening.cancel()
            await asyncio.wait({self._listening}, timeout=CANCELLED_AGAIN_S)

    async def _listen(self) -> None:
        while not self._is_closing:
            try:
                with redis_errors_translated():
                    await self._catch_up()
                    async with self._servers.subscribed(REQUESTS) as pubsub:
                        await self._hear(pubsub)
            except CacheUnavailableError as exc:
                self._log_failure(exc)
            await asyncio.sleep(self._retry_s)
            self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)

    def _log_failure(self, exc: CacheUnavailableError) -> None:
        """Log once why it cannot listen; an unreachable Redis is logged elsewhere."""
        if isinstance(exc.__cause__, NoPermissionError) and not self._was_said:
            log.warning(
                "purges of other processes are not received; checking for them every %g s: %s", LONGEST_RETRY_S, exc
            )
            self._was_said = True

    async def _hear(self, pubsub: PubSub) -> None:
        async for message in messages(pubsub, SILENCE_S):
            if message is None:
                self._retry_s, self._was_said = RETRY_S, False
                await self._catch_up()  # with purges that were requested since the last check
            else:
                await self._answer(message)

    async def _catch_up(self) -> None:
        """Purge this process if a purge of its model, or of all, was requested while it did not listen."""
        marks = await self._servers.each(*((b"GET", marker(model)) for model in (self._model_name, None)))
        until_us = max((int(mark) for mark in marks if isinstance(mark, bytes) and _MARK.fullmatch(mark)), default=0)
        if not self._purge.knows_of(until_us):
            await self._purge(until_us=until_us)

    async def _answer(self, message: object) -> None:
        request = read_request(message)
        if request is None:
            return
        removed = None
        if request.model in (None, self._model_name):
            try:
                async with asyncio.timeout(PURGE_S):
                    removed = await self._purge()
            except TimeoutError:
                log.warning("a purge is not confirmed: writes to Redis have not ended within %g s", PURGE_S)
                return
            # Each purge requests twice, before Redis is emptied and after; the second finds nothing.
            level = logging.INFO if removed else logging.DEBUG
            log.log(level, "purged by request: %d L1 entries of this process", removed)
        confirmation = Confirmation(self._purge.process, removed)
        await self._servers.publish(replies_to(request.id), [written(confirmation)])
