"""Scoring a file beside a service: what the service's clients use stays in a shared cache that is full."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.free_memory import RedisFreeMemory
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.adapters.cache.wrappers.room_limited import RoomLimitedCache
from foreseen.domain.identity.entry import Entry, EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.settings import Settings
from foreseen.wiring.scoring import wire_scoring
from support.fakes import FakePredictor
from support.own_valkey import OwnValkey, own_valkey

HOT = 2_000
SCANNED = 80_000


@pytest.fixture
def small() -> Iterator[OwnValkey]:
    """A server of 8 MB beyond what it takes empty, which evicts what was not used for longest."""
    with own_valkey() as server:
        with server.client as client:
            memory: Any = client.info("memory")
        server.configure(maxmemory=str(memory["used_memory"] + 8_000_000), maxmemory_policy="allkeys-lru")
        yield server


def far(url: str, *, is_scan: bool) -> tuple[RedisCache, RedisFreeMemory]:
    client = connect_redis(url, timeout_s=5.0, max_connections=4, is_scan=is_scan)
    cache = RedisCache(OneServer(client), model_name="iris", lifetime=Lifetime(3600.0), entry_format=EntryFormat())
    return cache, RedisFreeMemory(OneServer(client))


def entries(name: str, count: int) -> dict[Key, Entry]:
    body = b'{"prediction":"versicolor"}'
    return {Key(f"{name:16}{n:8}".encode()): Entry(body, int(time.time() * 1e6), 50) for n in range(count)}


async def fill(cache: RoomLimitedCache | RedisCache, given: dict[Key, Entry]) -> None:
    keys = list(given)
    for start in range(0, len(keys), 2_000):
        await cache.put_many({key: given[key] for key in keys[start : start + 2_000]})


async def found(cache: RedisCache, given: dict[Key, Entry]) -> int:
    """Count what is there, in lookups so small that their replies take no room of note."""
    keys = list(given)
    return sum([len(await cache.get_many(keys[start : start + 500])) for start in range(0, len(keys), 500)])


@pytest.mark.parametrize("is_sparing", [True, False])
async def test_a_scan_evicts_no_requested_entry(small: OwnValkey, *, is_sparing: bool) -> None:
    service, _ = far(small.url, is_scan=False)
    hot = entries("hot", HOT)
    await fill(service, hot)
    redis_cache, room = far(small.url, is_scan=True)
    scan = RoomLimitedCache(redis_cache, room) if is_sparing else redis_cache

    await fill(scan, entries("scanned", SCANNED))

    left = await found(service, hot)
    with small.client as client:
        evicted = client.info("stats")["evicted_keys"]
    assert (left == HOT, evicted == 0) == (is_sparing, is_sparing)
    if is_sparing:
        held = await found(redis_cache, entries("scanned", SCANNED))
        assert isinstance(scan, RoomLimitedCache)
        assert held > 5_000  # what room there was it took
        assert scan.left_out == SCANNED - held
    await service.close()
    await redis_cache.close()


@pytest.mark.parametrize("is_scan", [True, False])
async def test_a_scan_does_not_count_as_use(small: OwnValkey, *, is_scan: bool) -> None:
    small.configure(maxmemory_policy="allkeys-lfu", lfu_log_factor="0")
    cache, _ = far(small.url, is_scan=is_scan)
    one = entries("one", 1)
    await fill(cache, one)
    with small.client as client:
        (name,) = client.keys("foreseen:*")

        def uses() -> int:
            return int(client.execute_command("OBJECT", "FREQ", name))

        before = uses()
        for _ in range(10):
            assert await cache.get_many(list(one)) == one

        assert (uses() > before) is not is_scan
    await cache.close()


def test_scoring_a_file_writes_only_where_there_is_room() -> None:
    l2 = wire_scoring(Settings(cache="tiered"), FakePredictor()).caches.l2

    assert l2 is not None
    assert l2.cache is l2.guard
    assert isinstance(l2.room_limited, RoomLimitedCache)
