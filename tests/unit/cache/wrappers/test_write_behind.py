"""Entries are taken at once and written afterwards; what waits is bounded, and found."""

import asyncio
from collections.abc import Mapping

import pytest

from foreseen.adapters.cache.wrappers.write_behind import WRITTEN_AT_ONCE, WriteBehindCache
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import A, B, C, entry
from support.event_loop_steps import other_tasks, settle
from support.fakes import DeadCache, DictCache

HOUR = Lifetime(3600.0)


class SlowCache(DictCache):
    """Writes when it is let to, and remembers how many at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.writes: list[int] = []

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        self.writes.append(len(entries))
        await self.gate.wait()
        await super().put_many(entries)


def numbered(count: int, body: bytes = b"1") -> dict[Key, Entry]:
    return {Key(b"n" * 16 + b"%d" % number): entry(body) for number in range(count)}


async def test_no_caller_waits_for_a_write() -> None:
    inner = SlowCache()
    cache = WriteBehindCache(inner, lifetime=HOUR)
    await cache.put_many({A: entry()})
    assert inner.entries == {}

    inner.gate.set()
    await settle()

    assert set(inner.entries) == {A}
    assert (len(cache), other_tasks()) == (0, set())


async def test_waiting_and_running_writes_are_found() -> None:
    inner = SlowCache()
    inner.entries[C] = entry(b"c")
    cache = WriteBehindCache(inner, lifetime=HOUR)
    await cache.put_many({A: entry(b"a")})
    await settle()
    await cache.put_many({B: entry(b"b")})

    assert {key: found.body for key, found in (await cache.get_many([A, B, C])).items()} == {A: b"a", B: b"b", C: b"c"}
    assert inner.lookups == [1]
    inner.gate.set()
    await cache.close()


async def test_entries_are_written_in_groups_with_the_last_value() -> None:
    inner = SlowCache()
    cache = WriteBehindCache(inner, lifetime=HOUR)
    await cache.put_many({A: entry(b"old")})
    await settle()
    await cache.put_many(numbered(WRITTEN_AT_ONCE + 5, b"old"))
    await cache.put_many(numbered(3, b"new") | {A: entry(b"new")})
    inner.gate.set()
    await settle()

    assert inner.writes == [1, WRITTEN_AT_ONCE, 6]
    assert inner.entries[A].body == b"new"
    assert [inner.entries[key].body for key in numbered(4)] == [b"new"] * 3 + [b"old"]


@pytest.mark.parametrize(("most_entries", "most_bytes"), [(10, 1000), (1000, 10)])
async def test_beyond_the_bound_the_oldest_is_dropped_and_counted(most_entries: int, most_bytes: int) -> None:
    inner = SlowCache()
    cache = WriteBehindCache(inner, lifetime=HOUR, max_entries=most_entries, max_bytes=most_bytes)
    kept = numbered(25)
    for key, each in kept.items():
        await cache.put_many({key: each})
    inner.gate.set()
    await settle()

    assert cache.dropped == 15
    assert list(inner.entries) == list(kept)[15:]


async def test_an_entry_put_again_waits_once_and_as_the_newest() -> None:
    inner = SlowCache()
    cache = WriteBehindCache(inner, lifetime=HOUR, max_entries=3, max_bytes=3)
    for _ in range(10):
        await cache.put_many({A: entry(b"1")})
    await cache.put_many({B: entry(b"1"), C: entry(b"1")})
    await cache.put_many({A: entry(b"2")})
    assert (cache.dropped, len(cache)) == (0, 3)

    await cache.put_many(numbered(1))
    inner.gate.set()
    await settle()

    assert cache.dropped == 1
    assert list(inner.entries) == [C, A, *numbered(1)]
    assert inner.entries[A].body == b"2"


async def test_room_is_free_again_once_waiting_entries_are_written() -> None:
    inner = DictCache()
    cache = WriteBehindCache(inner, lifetime=HOUR, max_entries=10, max_bytes=10)
    for turn in range(5):
        await cache.put_many(numbered(10, b"%d" % turn))
        await settle()

    assert (cache.dropped, len(cache)) == (0, 0)
    assert {each.body for each in inner.entries.values()} == {b"4"}


async def test_a_waiting_entry_past_its_ttl_is_not_found() -> None:
    inner = SlowCache()
    cache = WriteBehindCache(inner, lifetime=HOUR)
    await cache.put_many({A: entry(age_s=2 * 3600), B: entry()})

    assert set(await cache.get_many([A, B])) == {B}
    inner.gate.set()
    await cache.close()


async def test_a_failed_write_is_raised_once_by_the_next_put() -> None:
    cache = WriteBehindCache(DeadCache(), lifetime=HOUR)
    await cache.put_many({A: entry(), B: entry()})
    await settle()

    with pytest.raises(CacheUnavailableError, match="unreachable"):
        await cache.put_many({})
    await cache.put_many({})

    assert (cache.dropped, len(cache)) == (2, 0)


async def test_a_failure_before_the_tier_recovered_is_not_raised() -> None:
    """Its failure is that of a past fault: raised now, it would disable a sound tier."""
    inner = DeadCache()
    cache = WriteBehindCache(inner, lifetime=HOUR)
    await cache.put_many({A: entry()})
    await settle()
    inner.is_alive = True
    await cache.ping()

    await cache.put_many({B: entry()})
    await settle()

    assert set(inner.entries) == {B}
    assert cache.dropped == 1


async def test_a_write_begun_before_the_tier_recovered_raises_no_failure() -> None:
    class Hanging(SlowCache):
        async def put_many(self, entries: Mapping[Key, Entry]) -> None:
            await super().put_many(entries)
            raise CacheUnavailableError("its connection was long dead")

    inner = Hanging()
    cache = WriteBehindCache(inner, lifetime=HOUR)
    await cache.put_many({A: entry()})
    await settle()
    await cache.ping()
    inner.gate.set()
    await settle()

    await cache.put_many({B: entry()})
    await settle()
    with pytest.raises(CacheUnavailableError):  # the second one began afterwards
        await cache.put_many({})


async def test_closing_writes_what_waits() -> None:
    inner = DictCache()
    cache = WriteBehindCache(inner, lifetime=HOUR)
    await cache.put_many(numbered(2000))
    await cache.close()

    assert len(inner.entries) == 2000
    assert (cache.dropped, other_tasks()) == (0, set())


async def test_closing_waits_no_longer_than_it_may() -> None:
    inner = SlowCache()
    cache = WriteBehindCache(inner, lifetime=HOUR, flush_s=0.01)
    await cache.put_many(numbered(WRITTEN_AT_ONCE + 3))
    await settle()
    await cache.close()

    assert (cache.dropped, inner.entries, other_tasks()) == (WRITTEN_AT_ONCE + 3, {}, set())
