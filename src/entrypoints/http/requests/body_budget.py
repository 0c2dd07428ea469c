"""BodyBudget: limits the memory of all unfinished bodies in a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from foreseen.entrypoints.http.responses.problems import Rejection

FREE: Final = 64 * 1024
"""Up to this size in bytes a body does not count, since the server buffers as much per connection anyway."""


class Share:
    """The share of one body in the budget, and its bytes so far."""

    __slots__ = ("_budget", "_patience", "body", "is_rejected", "is_whole")

    def __init__(self, budget: "BodyBudget", patience: asyncio.Timeout) -> None:
        self._budget = budget
        self._patience = patience
        self.body = bytearray()
        self.is_whole = False
        self.is_rejected = False

    def add(self, part: bytes) -> None:
        """Add the next part; raise Rejection (503) if this body is rejected to make room."""
        if not self.is_rejected:
            self.body += part
            if len(self.body) > FREE:
                self._budget.make_room(self, len(part))
        if self.is_rejected:
            raise _no_room()

    def whole(self) -> bytes:
        """Return the body, now that all of it has arrived; it can no longer be rejected."""
        self.is_whole = True
        body, self.body = bytes(self.body), bytearray()
        return body

    def reject(self) -> None:
        """Drop the bytes received, and make the wait for the rest raise Rejection."""
        self.is_rejected = True
        self.body.clear()
        self._patience.reschedule(asyncio.get_running_loop().time())


class BodyBudget:
    """Holds bodies while there is room; when there is none, it rejects the largest unfinished one.

    That frees the most memory, and small bodies are always accepted. Nothing waits for room, so nothing can wait
    forever. Clients with many unfinished bodies of medium size can still cause larger ones of others to be rejected,
    until their own time out (receive_timeout).
    """

    def __init__(self, limit: int) -> None:
        """Accept the limit in bytes."""
        self._limit = limit
        self._taken: dict[Share, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """Bytes of all unfinished bodies that count."""
        return self._total

    @asynccontextmanager
    async def share(self) -> AsyncIterator[Share]:
        """Yield the share of a body until the block ends; raise Rejection (503) in it if the body is rejected."""
        share = None
        try:
            async with asyncio.timeout(None) as patience:
                share = Share(self, patience)
                yield share
        except TimeoutError:
            if share is None or not share.is_rejected:
                raise
            raise _no_room() from None
        finally:
            if share is not None:
                self._release(share)

    def make_room(self, share: Share, size: int) -> None:
        """Count the growth of a body; reject the largest unfinished bodies until the others fit."""
        taken = self._taken.get(share)
        grown = len(share.body) if taken is None else size
        self._taken[share] = (taken or 0) + grown
        self._total += grown
        while self._total > self._limit:
            # Of several with the same size, the one that began first. There is one: the body that has just grown.
            largest = max((each for each in self._taken if not each.is_whole), key=self._taken.__getitem__)
            self._release(largest)
            largest.reject()

    def _release(self, share: Share) -> None:
        self._total -= self._taken.pop(share, 0)


def _no_room() -> Rejection:
    detail = "expected all unfinished bodies together to fit into max_unfinished_bodies, got more"
    headers = {"Retry-After": "1", "Connection": "close"}
    return Rejection(503, "too-many-bodies", "Too many large bodies at once", detail, headers)
