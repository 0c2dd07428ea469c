"""GatheredCalls: the keys of all calls in one turn of the event loop go out as one call."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from foreseen.domain.identity.key import Key

Reply = TypeVar("Reply")

MAX_KEYS: Final = 512
"""Keys per call: a much larger one would block the server, and this process, for too long."""


class GatheredCalls(Generic[Reply]):
    """Makes one call for all callers of the same turn."""

    def __init__(self, send: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Reply]]]) -> None:
        """Accept the call to make; a key that it returns nothing for has no reply."""
        self._send = send
        self._next: dict[Key, asyncio.Future[Reply | None]] = {}
        self._calls: set[asyncio.Task[None]] = set()

    async def __call__(self, keys: Collection[Key]) -> dict[Key, Reply]:
        """Return the reply of each key that has one; raise whatever the call for any of them raised."""
        loop = asyncio.get_running_loop()
        if not self._next:
            loop.call_soon(self._flush)
        replies = {key: self._next.setdefault(key, loop.create_future()) for key in keys}
        if replies:
            await asyncio.wait(replies.values())  # unlike gather, its cancellation does not cancel them for the others
        return {key: reply for key, future in replies.items() if (reply := future.result()) is not None}

    async def close(self) -> None:
        """Cancel the calls in progress and whatever waits for them."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _flush(self) -> None:
        collected, self._next = iter(self._next.items()), {}
        while group := dict(islice(collected, MAX_KEYS)):
            call = asyncio.create_task(self._call(group), name="gathered call")
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self, group: Mapping[Key, asyncio.Future[Reply | None]]) -> None:
        try:
            replies = await self._send(list(group))
        except asyncio.CancelledError:  # closed
            for reply in group.values():
                reply.cancel()
            raise
        except Exception as exc:  # noqa: BLE001 - raised to every caller that waits
            for reply in group.values():
                reply.set_exception(exc)
                reply.exception()  # retrieved, lest asyncio log it as never retrieved: all callers may be gone
            return
        for key, reply in group.items():
            reply.set_result(replies.get(key))
