"""A writer of many entries uses only free memory."""

import logging

import pytest

from foreseen.adapters.cache.wrappers.room_limited import (
    ENTRY_OVERHEAD,
    MEASURED_AGAIN_S,
    SHARE_AT_ONCE,
    WRITTEN_AT_ONCE,
    RoomLimitedCache,
)
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from support.fakes import Clock, DictCache

SIZE = 2 * 4 + 8 + ENTRY_OVERHEAD
"""What each entry here counts for."""


class Server(DictCache):
    """An L2 that reports how much room it has."""

    def __init__(self, entries: float) -> None:
        super().__init__()
        self.room = entries * SIZE
        self.measurements = 0

    async def room_bytes(self) -> float:
        """Return it, and count the call."""
        self.measurements += 1
        return self.room - len(self.entries) * SIZE


def entries(count: int, first: int = 0) -> dict[Key, Entry]:
    return {Key(n.to_bytes(4, "big")): Entry(b"12345678", n, 1) for n in range(first, first + count)}


async def test_without_a_bound_everything_is_stored_in_groups() -> None:
    server = Server(float("inf"))
    cache = RoomLimitedCache(server, server.room_bytes)

    await cache.put_many(entries(2 * WRITTEN_AT_ONCE + 1))

    assert server.puts == [WRITTEN_AT_ONCE, WRITTEN_AT_ONCE, 1]
    assert (server.entries, server.measurements, cache.left_out) == (entries(2 * WRITTEN_AT_ONCE + 1), 1, 0)


async def test_entries_that_would_evict_others_are_not_stored(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    room = 20 * WRITTEN_AT_ONCE
    server, clock = Server(room), Clock()
    cache = RoomLimitedCache(server, server.room_bytes, clock=clock)

    for n in range(40):
        await cache.put_many(entries(WRITTEN_AT_ONCE, n * WRITTEN_AT_ONCE))

    assert room * (1 - SHARE_AT_ONCE) <= len(server.entries) <= room
    assert cache.left_out == 40 * WRITTEN_AT_ONCE - len(server.entries)
    assert len(caplog.messages) == 1
    before = server.measurements
    await cache.put_many(entries(10))
    assert server.measurements == before  # a server that is full is left in peace


async def test_room_that_others_have_left_is_used_a_second_later() -> None:
    server, clock = Server(0), Clock()
    cache = RoomLimitedCache(server, server.room_bytes, clock=clock)
    await cache.put_many(entries(5))
    server.room = 1000 * SIZE
    await cache.put_many(entries(5))
    assert (server.entries, cache.keeps) == ({}, False)

    clock.pass_s(MEASURED_AGAIN_S)
    await cache.put_many(entries(5))

    assert (server.entries, cache.keeps) == (entries(5), True)


async def test_stored_entries_are_found_whether_or_not_there_is_room() -> None:
    server = Server(0)
    server.entries = entries(3)
    cache = RoomLimitedCache(server, server.room_bytes)

    assert await cache.get_many(list(entries(5))) == entries(3)
