"""L1: bounded both ways, and in the order of use."""

import time
import tracemalloc

import pytest

from foreseen.adapters.cache.memory.lru import ENTRY_OVERHEAD, LruCache
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import A, B, C
from support.fakes import Clock

MEBIBYTE = 2**20


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lru(clock: Clock, *, max_entries: int = 1000, max_bytes: int = MEBIBYTE, ttl_s: float = 100.0) -> LruCache:
    return LruCache(max_entries=max_entries, max_bytes=max_bytes, lifetime=Lifetime(ttl_s), clock=clock)


def entry(clock: Clock, body: bytes = b"1") -> Entry:
    return Entry(body, int(clock() * 1e6), 7)


async def test_the_entry_unused_for_longest_makes_room(clock: Clock) -> None:
    cache = lru(clock, max_entries=2)
    await cache.put_many({A: entry(clock)})
    await cache.put_many({B: entry(clock)})
    await cache.put_many({C: entry(clock)})

    assert set(await cache.get_many([A, B, C])) == {B, C}
    assert cache.entries == 2


async def test_a_lookup_is_a_use(clock: Clock) -> None:
    cache = lru(clock, max_entries=2)
    await cache.put_many({A: entry(clock), B: entry(clock)})
    await cache.get_many([A])
    await cache.put_many({C: entry(clock)})

    assert set(await cache.get_many([A, B, C])) == {A, C}


async def test_a_peek_is_a_use(clock: Clock) -> None:
    cache = lru(clock, max_entries=2)
    await cache.put_many({A: entry(clock), B: entry(clock)})
    assert cache.peek(A) is not None
    await cache.put_many({C: entry(clock)})

    assert cache.peek(B) is None
    assert cache.peek(A) is not None


async def test_a_write_is_a_use(clock: Clock) -> None:
    cache = lru(clock, max_entries=2)
    await cache.put_many({A: entry(clock), B: entry(clock)})
    await cache.put_many({A: entry(clock)})
    await cache.put_many({C: entry(clock)})

    assert set(await cache.get_many([A, B, C])) == {A, C}


async def test_more_than_fit_at_once_leave_the_last_ones(clock: Clock) -> None:
    cache = lru(clock, max_entries=2)
    await cache.put_many({key: entry(clock) for key in (A, B, C)})

    assert set(await cache.get_many([A, B, C])) == {B, C}


async def test_bytes_are_bounded_too(clock: Clock) -> None:
    cache = lru(clock, max_bytes=2 * (ENTRY_OVERHEAD + 100))
    await cache.put_many({key: entry(clock, b"x" * 100) for key in (A, B)})
    assert (cache.entries, cache.size_bytes) == (2, 2 * (ENTRY_OVERHEAD + 100))

    await cache.put_many({C: entry(clock, b"x")})

    assert set(await cache.get_many([A, B, C])) == {B, C}
    assert cache.size_bytes == 2 * ENTRY_OVERHEAD + 101


async def test_replacing_passes_over_what_it_has_evicted(clock: Clock) -> None:
    cache = lru(clock, max_bytes=2 * (ENTRY_OVERHEAD + 10))
    await cache.put_many({A: entry(clock, b"x" * 10), B: entry(clock, b"x" * 10)})

    cache.replace({B: entry(clock, b"x" * 20), A: entry(clock, b"y")})

    assert set(await cache.get_many([A, B])) == {B}


async def test_what_nulls_stand_for_counts_as_well(clock: Clock) -> None:
    cache = lru(clock)
    await cache.put_many({A: entry(clock, b"null")._replace(nulls=b"+")})
    assert cache.size_bytes > ENTRY_OVERHEAD + 4

    await cache.put_many({A: entry(clock, b"null")})

    assert cache.size_bytes == ENTRY_OVERHEAD + 4


async def test_a_large_entry_takes_the_room_of_several(clock: Clock) -> None:
    cache = lru(clock, max_bytes=2 * (ENTRY_OVERHEAD + 100))
    await cache.put_many({A: entry(clock), B: entry(clock)})
    await cache.put_many({C: entry(clock, b"x" * (ENTRY_OVERHEAD + 150))})

    assert set(await cache.get_many([A, B, C])) == {C}


async def test_an_entry_larger_than_the_cache_evicts_nothing(clock: Clock) -> None:
    cache = lru(clock, max_bytes=ENTRY_OVERHEAD + 10)
    await cache.put_many({A: entry(clock, b"x" * 10)})
    await cache.put_many({B: entry(clock, b"x" * 11)})

    assert set(await cache.get_many([A, B])) == {A}


async def test_an_entry_that_grew_too_large_is_removed(clock: Clock) -> None:
    cache = lru(clock, max_bytes=ENTRY_OVERHEAD + 10)
    await cache.put_many({A: entry(clock, b"x" * 10)})
    await cache.put_many({A: entry(clock, b"y" * 11)})

    assert await cache.get_many([A]) == {}
    assert (cache.entries, cache.size_bytes) == (0, 0)


@pytest.mark.parametrize("size", [0, 5, 500])
async def test_overwriting_counts_the_new_size_alone(clock: Clock, size: int) -> None:
    cache = lru(clock)
    await cache.put_many({A: entry(clock, b"x" * 100), B: entry(clock)})
    await cache.put_many({A: entry(clock, b"x" * size)})

    assert cache.entries == 2
    assert cache.size_bytes == 2 * ENTRY_OVERHEAD + size + 1


async def test_an_expired_entry_is_gone_and_its_room_with_it(clock: Clock) -> None:
    cache = lru(clock, ttl_s=100)
    await cache.put_many({A: entry(clock)})

    clock.pass_s(89)
    assert cache.peek(A) is not None
    clock.pass_s(22)
    assert cache.peek(A) is None
    assert (cache.entries, cache.size_bytes) == (0, 0)


async def test_keys_put_together_expire_apart_within_ten_percent(clock: Clock) -> None:
    cache, keys = lru(clock, ttl_s=100), [Key(b"n" * 16 + bytes([row])) for row in range(100)]
    await cache.put_many(dict.fromkeys(keys, entry(clock)))
    left = []

    for _ in range(23):
        left.append(len(await cache.get_many(keys)))
        clock.pass_s(1 if len(left) > 1 else 89)

    assert left[:2] == [100, 100]
    assert left[-1] == 0
    assert sorted(left, reverse=True) == left
    assert len(set(left)) > 15


async def test_lifetime_counts_from_the_computation_not_from_the_put(clock: Clock) -> None:
    cache, old = lru(clock, ttl_s=100), entry(clock)
    clock.pass_s(80)
    await cache.put_many({A: old})

    clock.pass_s(31)
    assert cache.peek(A) is None


async def test_an_expired_entry_is_not_stored(clock: Clock) -> None:
    cache, old = lru(clock, max_entries=1, ttl_s=100), entry(clock)
    clock.pass_s(111)
    await cache.put_many({B: entry(clock)})
    await cache.put_many({A: old})

    assert set(await cache.get_many([A, B])) == {B}


async def test_an_entry_counts_as_found_again_once(clock: Clock) -> None:
    cache = lru(clock)
    await cache.put_many({A: entry(clock), B: entry(clock)})
    for _ in range(3):
        cache.peek(A)

    assert (cache.found_again, cache.probes_found) == (1, 0)


async def test_probes_that_are_found_count_apart(clock: Clock) -> None:
    cache = lru(clock)
    await cache.put_many({A: entry(clock)})
    cache.put_probes({B: entry(clock), C: entry(clock)})
    await cache.get_many([A, B, B])

    assert (cache.found_again, cache.probes_found) == (2, 1)


async def test_an_entry_that_expired_unfound_counts_as_nothing(clock: Clock) -> None:
    cache = lru(clock, ttl_s=100)
    await cache.put_many({A: entry(clock)})
    clock.pass_s(111)

    assert cache.peek(A) is None
    assert (cache.found_again, cache.entries) == (0, 0)


async def test_replacing_stores_only_what_is_held(clock: Clock) -> None:
    cache = lru(clock)
    await cache.put_many({A: entry(clock)})
    cache.replace({A: entry(clock, b"newer"), B: entry(clock)})

    assert {key: held.body for key, held in (await cache.get_many([A, B])).items()} == {A: b"newer"}


async def test_a_replaced_probe_is_still_a_probe(clock: Clock) -> None:
    cache = lru(clock)
    await cache.put_many({A: entry(clock)})
    cache.put_probes({B: entry(clock)})
    cache.replace({A: entry(clock, b"newer"), B: entry(clock, b"newer")})
    await cache.get_many([A, B])

    assert (cache.found_again, cache.probes_found) == (2, 1)


async def test_it_uses_no_more_memory_than_it_reports() -> None:
    """Small bodies under the longest keys, right after the store's dictionaries have grown: the worst case."""
    cache = LruCache(max_entries=10**6, max_bytes=10**9, lifetime=Lifetime(3600.0))
    now_us = int(time.time() * 1e6)
    tracemalloc.start()
    try:
        for number in range(22_000):
            key = Key(b"n" * 16 + number.to_bytes(64, "little"))
            await cache.put_many({key: Entry(b'{"prediction":"%d"}' % number, now_us + number, 1000 + number)})
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 0.8 * cache.size_bytes < taken <= cache.size_bytes
