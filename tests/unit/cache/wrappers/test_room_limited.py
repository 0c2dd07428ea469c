"""Who writes many entries takes only room that nobody needs."""

import logging

import pytest

from foreseen.adapters.cache.wrappers.room_limited import (
    ENTRY_OVERHEAD,
    MEASURED_AGAIN_S,
    SHARE_AT_ONCE,
    WRITTEN_AT_ONCE,
    SparingCache,
)
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from support.fakes import Clock, DictCache

SIZE = 2 * 4 + 8 + ENTRY_OVERHEAD
"""What each entry here counts for."""


class Server(DictCache):
    """A far tier that tells how much room it has."""

    def __init__(self, entries: float) -> None:
        super().__init__()
        self.room = entries * SIZE
        self.asked = 0

    async def room_bytes(self) -> float:
        """Tell, and remember to have been asked."""
        self.asked += 1
        return self.room - len(self.entries) * SIZE


def entries(count: int, first: int = 0) -> dict[Key, Entry]:
    return {Key(n.to_bytes(4, "big")): Entry(b"12345678", n, 1) for n in range(first, first + count)}


async def test_without_a_bound_everything_is_stored_a_few_hundred_at_a_time() -> None:
    server = Server(float("inf"))
    cache = SparingCache(server, server.room_bytes)

    await cache.put_many(entries(2 * WRITTEN_AT_ONCE + 1))

    assert server.puts == [WRITTEN_AT_ONCE, WRITTEN_AT_ONCE, 1]
    assert (server.entries, server.asked, cache.left_out) == (entries(2 * WRITTEN_AT_ONCE + 1), 1, 0)


async def test_what_would_push_others_out_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    room = 20 * WRITTEN_AT_ONCE
    server, clock = Server(room), Clock()
    cache = SparingCache(server, server.room_bytes, clock=clock)

    for n in range(40):
        await cache.put_many(entries(WRITTEN_AT_ONCE, n * WRITTEN_AT_ONCE))

    assert room * (1 - SHARE_AT_ONCE) <= len(server.entries) <= room
    assert cache.left_out == 40 * WRITTEN_AT_ONCE - len(server.entries)
    assert len(caplog.messages) == 1
    asked = server.asked
    await cache.put_many(entries(10))
    assert server.asked == asked  # a server that is full is left in peace


async def test_room_that_others_have_left_is_used_a_second_later() -> None:
    server, clock = Server(0), Clock()
    cache = SparingCache(server, server.room_bytes, clock=clock)
    await cache.put_many(entries(5))
    server.room = 1000 * SIZE
    await cache.put_many(entries(5))
    assert (server.entries, cache.keeps) == ({}, False)

    clock.pass_s(MEASURED_AGAIN_S)
    await cache.put_many(entries(5))

    assert (server.entries, cache.keeps) == (entries(5), True)


async def test_what_is_there_is_found_whether_there_is_room_or_not() -> None:
    server = Server(0)
    server.entries = entries(3)
    cache = SparingCache(server, server.room_bytes)

    assert await cache.get_many(list(entries(5))) == entries(3)
