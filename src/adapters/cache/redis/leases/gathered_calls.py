"""GatheredCalls: what is asked of keys in one turn of the event loop goes out as one call."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from foreseen.domain.identity.key import Key

Reply = TypeVar("Reply")

MAX_KEYS: Final = 512
"""Keys of one call: one far longer would keep the server, and this process, from everybody else."""


class GatheredCalls(Generic[Reply]):
    """Asks once for all who ask in the same turn."""

    def __init__(self, ask: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Reply]]]) -> None:
        """Take the call; a key that it gives nothing for has no reply."""
        self._ask = ask
        self._asked: dict[Key, asyncio.Future[Reply | None]] = {}
        self._calls: set[asyncio.Task[None]] = set()

    async def __call__(self, keys: Collection[Key]) -> dict[Key, Reply]:
        """Give the replies that there are; raise what a call for any of them raised."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._send)
        asked = {key: self._asked.setdefault(key, loop.create_future()) for key in keys}
        if asked:
            await asyncio.wait(asked.values())  # which, unlike gather, leaves them to the others when it is cancelled
        return {key: reply for key, future in asked.items() if (reply := future.result()) is not None}

    async def close(self) -> None:
        """End what is under way; who waits for it is cancelled."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _send(self) -> None:
        asked, self._asked = iter(self._asked.items()), {}
        while group := dict(islice(asked, MAX_KEYS)):
            call = asyncio.create_task(self._call(group), name="gathered call")
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self, group: Mapping[Key, asyncio.Future[Reply | None]]) -> None:
        try:
            replies = await self._ask(list(group))
        except asyncio.CancelledError:  # closed
            for reply in group.values():
                reply.cancel()
            raise
        except Exception as exc:  # noqa: BLE001 - whatever it is, somebody waits for it
            for reply in group.values():
                reply.set_exception(exc)
                reply.exception()  # asked for here, since nobody may be left who would
            return
        for key, reply in group.items():
            reply.set_result(replies.get(key))
