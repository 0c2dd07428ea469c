"""BodyBudget: the memory that all unfinished bodies of a process may take together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from foreseen.entrypoints.http.responses.problems import Refusal

FREE: Final = 64 * 1024
"""Bytes of a body that do not count: the server holds as many of each connection anyway. Small bodies always fit."""


class Share:
    """What one body takes of the budget: its bytes, until they are whole and have been read."""

    __slots__ = ("_budget", "_patience", "body", "is_rejected", "is_whole")

    def __init__(self, budget: "BodyBudget", patience: asyncio.Timeout) -> None:
        self._budget = budget
        self._patience = patience
        self.body = bytearray()
        self.is_whole = False
        self.is_rejected = False

    def add(self, part: bytes) -> None:
        """Add the next part; raise Refusal (503) where this body is the one that has to go."""
        if not self.is_rejected:
            self.body += part
            if len(self.body) > FREE:
                self._budget.make_room(self, len(part))
        if self.is_rejected:
            raise _no_room()

    def whole(self) -> bytes:
        """Return the body, which stays from now on until it is read: all of it has arrived."""
        self.is_whole = True
        body, self.body = bytes(self.body), bytearray()
        return body

    def reject(self) -> None:
        """Drop what has arrived, and have what waits for the rest raise Refusal."""
        self.is_rejected = True
        self.body.clear()
        self._patience.reschedule(asyncio.get_running_loop().time())


class BodyBudget:
    """Holds bodies while there is room; when there is none, the largest unfinished one is rejected.

    That one frees the most, and small ones always get through. Nothing waits for room, so nothing can wait for ever.
    Clients that hold many bodies of a medium size can still have larger ones of others rejected, until their own have
    to be whole (receive_timeout).
    """

    def __init__(self, limit: int) -> None:
        """Hold no more than so many bytes."""
        self._limit = limit
        self._taken: dict[Share, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """Bytes that are taken now."""
        return self._total

    @asynccontextmanager
    async def share(self) -> AsyncIterator[Share]:
        """Hold a body as long as the block lasts; raise Refusal (503) in it where the body has to go."""
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
        """Count what a body has grown by; reject the largest that are unfinished until all the others fit."""
        taken = self._taken.get(share)
        grown = len(share.body) if taken is None else size
        self._taken[share] = (taken or 0) + grown
        self._total += grown
        while self._total > self._limit:
            # Of the same size, the one that began first. The body that has grown is unfinished: there is one.
            largest = max((each for each in self._taken if not each.is_whole), key=self._taken.__getitem__)
            self._release(largest)
            largest.reject()

    def _release(self, share: Share) -> None:
        self._total -= self._taken.pop(share, 0)


def _no_room() -> Refusal:
    detail = "expected no more in all unfinished bodies than there is room for (max_unfinished_bodies), got more"
    headers = {"Retry-After": "1", "Connection": "close"}
    return Refusal(503, "too-many-bodies", "Too many large bodies at once", detail, headers)
