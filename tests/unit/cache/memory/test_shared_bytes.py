"""One bound for the L1 of several models: entries stay apart, and the largest gives way."""

from collections.abc import Callable

import pytest

from foreseen.adapters.cache.memory.lru import ENTRY_OVERHEAD, LruCache
from foreseen.adapters.cache.memory.shared_bytes import SharedBytes
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import A
from support.fakes import Clock

ONE = ENTRY_OVERHEAD + 1
New = Callable[[], LruCache]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shared() -> SharedBytes:
    return SharedBytes(10 * ONE)


@pytest.fixture
def new(clock: Clock, shared: SharedBytes) -> New:
    return lambda: LruCache(max_entries=1000, max_bytes=10 * ONE, lifetime=Lifetime(100.0), clock=clock, shared=shared)


def entries(clock: Clock, *keys: Key, body: bytes = b"1") -> dict[Key, Entry]:
    return dict.fromkeys(keys, Entry(body, int(clock() * 1e6), 7))


def keys(number: int) -> list[Key]:
    return [Key(b"%16d" % each) for each in range(number)]


async def test_equal_keys_are_apart(clock: Clock, new: New) -> None:
    one, other = new(), new()
    await one.put_many(entries(clock, A, body=b"1"))

    assert other.peek(A) is None
    await other.put_many(entries(clock, A, body=b"2"))
    assert [cache.peek(A).body for cache in (one, other)] == [b"1", b"2"]  # type: ignore[union-attr]


async def test_together_they_keep_one_bound(clock: Clock, shared: SharedBytes, new: New) -> None:
    small, large = new(), new()
    await small.put_many(entries(clock, *keys(3)))
    await large.put_many(entries(clock, *keys(20)))

    assert (small.entries, large.entries, shared.size_bytes) == (3, 7, 10 * ONE)


async def test_the_largest_gives_way_to_another(clock: Clock, new: New) -> None:
    large, small = new(), new()
    await large.put_many(entries(clock, *keys(10)))
    await small.put_many(entries(clock, *keys(2)))

    assert (large.entries, small.entries) == (8, 2)
    assert set(await large.get_many(keys(10))) == set(keys(10)[2:])  # the least recently used have left


async def test_what_is_cleared_makes_room(clock: Clock, shared: SharedBytes, new: New) -> None:
    one, other = new(), new()
    await one.put_many(entries(clock, *keys(10)))
    one.clear()
    await other.put_many(entries(clock, *keys(10)))

    assert (other.entries, shared.size_bytes) == (10, 10 * ONE)


async def test_a_cache_that_left_counts_no_more(clock: Clock, shared: SharedBytes, new: New) -> None:
    one, other = new(), new()
    await one.put_many(entries(clock, *keys(10)))
    one.leave_bound()
    one.leave_bound()
    assert (one.entries, len(shared)) == (0, 1)
    await other.put_many(entries(clock, *keys(10)))
    await one.put_many(entries(clock, *keys(3)))

    assert (one.entries, other.entries) == (3, 10)
