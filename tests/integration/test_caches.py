"""The caches on a real server: the same promises, and what a real server makes of trouble."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import redis.asyncio

from foreseen.adapters.cache.adaptive.adaptive_cache import AdaptiveCache
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.adapters.cache.wrappers.write_behind import WriteBehindCache
from foreseen.domain.answer import Origin
from foreseen.domain.flights.batched_lookup import BatchedLookup
from foreseen.domain.flights.coalescing import Flights
from foreseen.domain.flights.flight import Boarding
from foreseen.domain.identity.entry import EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Cache, L2Cache
from foreseen.domain.values.batch import Rows
from support.cache_contract import A, B, CacheContract, entry
from support.fakes import FLOWER
from support.faulty_redis_servers import gate_before
from support.time_limits import patience

HOUR = Lifetime(3600.0)


def far(url: str, *, ttl_s: float = 3600.0, secret: bytes = b"") -> RedisCache:
    client = connect_redis(url, timeout_s=5.0, max_connections=4)
    return RedisCache(OneServer(client), model_name="iris", lifetime=Lifetime(ttl_s), entry_format=EntryFormat(secret))


def alone(inner: RedisCache) -> tuple[Cache, L2Cache]:
    return inner, inner


def guarded(inner: RedisCache) -> tuple[Cache, L2Cache]:
    return GuardedCache(inner, budget_s=5.0), inner


def behind(inner: RedisCache) -> tuple[Cache, L2Cache]:
    cache = WriteBehindCache(inner, lifetime=HOUR)
    return cache, cache


def tiered(inner: RedisCache) -> tuple[Cache, L2Cache]:
    return TieredCache(near(), GuardedCache(inner, budget_s=5.0)), inner


def stack(inner: RedisCache) -> tuple[Cache, L2Cache]:
    """As the container builds it."""
    far_tier = WriteBehindCache(inner, lifetime=HOUR)
    return TieredCache(near(), AdaptiveCache(GuardedCache(far_tier, budget_s=5.0))), far_tier


def near() -> LruCache:
    return LruCache(max_entries=1000, max_bytes=2**20, lifetime=HOUR)


@pytest.fixture(params=[alone, guarded, behind, tiered, stack], ids=lambda build: build.__name__)
async def cache(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Cache]:
    """A cache around Redis, built in one of the ways there are, and closed from the outside in."""
    build: Callable[[RedisCache], tuple[Cache, L2Cache]] = request.param
    built, outermost = build(far(redis_url))
    yield built
    await outermost.close()


class TestEveryCache(CacheContract): ...


@pytest.fixture
async def shared(redis_url: str) -> AsyncIterator[RedisCache]:
    cache = far(redis_url)
    yield cache
    await cache.close()


@pytest.fixture
async def raw(redis_url: str) -> AsyncIterator[Any]:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        yield client


async def counted(raw: Any, commands: tuple[str, ...] = ("mget", "get", "set")) -> dict[str, int]:
    stats = await raw.info("commandstats")
    return {name: stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in commands}


async def test_concurrent_lookups_are_one_mget_with_separate_replies(shared: RedisCache, raw: Any) -> None:
    kept = {Key(b"n" * 16 + bytes([row])): entry(b"%d" % row) for row in range(0, 64, 2)}
    await shared.put_many(kept)
    await raw.config_resetstat()

    wanted = [Key(b"n" * 16 + bytes([row])) for row in range(64)]
    missed, computed = list[Key](), entry(b"computed")

    class Model:
        def submit(self, boardings: Sequence[Boarding]) -> None:
            for flight in [flight for boarding in boardings for flight in boarding.wanted()]:
                missed.append(flight.key)
                flight.land((computed, Origin.MODEL))

    flights = Flights(BatchedLookup(shared, Model()))
    answers = await asyncio.gather(*(flights.join({key: 0}, Rows(FLOWER, [[1.0, 2.0]])) for key in wanted))

    assert await counted(raw) == {"mget": 1, "get": 0, "set": 0}
    assert missed == [key for key in wanted if key not in kept]
    assert [found[key][0] for key, found in zip(wanted, answers, strict=True)] == [
        kept.get(key, computed) for key in wanted
    ]


async def test_stored_entries_are_on_the_server_after_closing(redis_url: str, raw: Any) -> None:
    cache = WriteBehindCache(far(redis_url), lifetime=HOUR)
    await cache.put_many({Key(b"n" * 16 + row.to_bytes(2, "little")): entry() for row in range(3000)})
    await cache.close()

    assert await raw.dbsize() == 3000
    assert cache.dropped == 0


async def test_a_lookup_is_one_mget_however_many_keys(shared: RedisCache, raw: Any) -> None:
    keys = [Key(b"n" * 16 + row.to_bytes(2, "little")) for row in range(300)]
    await raw.config_resetstat()

    await shared.get_many(keys)
    await shared.get_many(keys[:1])
    await shared.get_many([])

    assert await counted(raw) == {"mget": 2, "get": 0, "set": 0}


async def test_a_key_is_text_and_expires_after_its_ttl(shared: RedisCache, raw: Any) -> None:
    await shared.put_many({A: entry()})

    assert await raw.keys() == [b"foreseen:iris:" + b"6e" * 8 + b":61"]
    assert 0.89 * 3_600_000 < await raw.pttl("foreseen:iris:" + "6e" * 8 + ":61") <= 1.1 * 3_600_000


async def test_an_entry_stored_by_one_replica_is_found_by_another(shared: RedisCache, redis_url: str) -> None:
    other, kept = far(redis_url), entry()
    await shared.put_many({A: kept})

    assert await other.get_many([A]) == {A: kept}
    await other.close()


async def test_with_a_secret_nothing_written_without_it_is_served(shared: RedisCache, redis_url: str) -> None:
    sealed = far(redis_url, secret=b"hush")
    await shared.put_many({A: entry()})

    assert await sealed.get_many([A]) == {}
    assert sealed.corrupt == 1
    await sealed.close()


async def test_an_unverifiable_entry_is_an_overwritten_miss(shared: RedisCache, raw: Any) -> None:
    kept = {key: entry() for key in (A, B)}
    await shared.put_many(kept)
    name_of_a, name_of_b = sorted(await raw.keys())
    await raw.setrange(name_of_a, 22, "9")
    await raw.delete(name_of_b)
    await raw.rpush(name_of_b, "a list")

    assert await shared.get_many([A, B]) == {}
    assert shared.corrupt == 1

    await shared.put_many(kept)
    assert await shared.get_many([A, B]) == kept


async def test_foreign_keys_are_kept(shared: RedisCache, raw: Any) -> None:
    await raw.set("theirs", "1")
    await shared.put_many({A: entry()})

    assert await raw.get("theirs") == b"1"
    assert await raw.dbsize() == 2


async def test_a_full_server_costs_no_answer(redis_url: str, raw: Any) -> None:
    before = await raw.config_get("maxmemory*")
    await raw.config_set("maxmemory-policy", "noeviction")
    await raw.config_set("maxmemory", "1")
    try:
        async with GuardedCache(far(redis_url), budget_s=5.0) as cache:
            await cache.put_many({A: entry()})
            assert await cache.get_many([A]) == {}
    finally:
        for name in ("maxmemory", "maxmemory-policy"):
            await raw.config_set(name, before[name])


async def until_back() -> None:
    """Wait for the guard's probe, which ends when the server answers."""
    probes = [task for task in asyncio.all_tasks() if task.get_name() == "probe L2"]
    async with patience():
        await asyncio.gather(*probes)


async def test_a_server_that_comes_late_is_used_then(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "foreseen")
    kept = entry()
    async with gate_before(redis_url) as gate:
        await gate.cut()
        async with GuardedCache(far(gate.url), budget_s=5.0, probe_after_s=0.01) as cache:
            await cache.put_many({A: kept})
            assert await cache.get_many([A]) == {}

            await gate.open()
            await until_back()
            await cache.put_many({A: kept})

            assert await cache.get_many([A]) == {A: kept}
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_a_server_that_returns_is_used_again(redis_url: str) -> None:
    kept = entry()
    async with (
        gate_before(redis_url) as gate,
        GuardedCache(far(gate.url), budget_s=5.0, probe_after_s=0.01) as cache,
    ):
        await cache.put_many({A: kept})
        await gate.cut()
        assert await cache.get_many([A]) == {}

        await gate.open()
        await until_back()

        assert await cache.get_many([A]) == {A: kept}


async def test_a_frozen_server_costs_three_budgets_and_then_nothing(redis_url: str) -> None:
    kept = entry()
    async with gate_before(redis_url) as gate:
        inner = far(gate.url)
        await inner.put_many({A: kept})
        cache = GuardedCache(inner, budget_s=0.02, probe_after_s=0.01, longest_wait_s=0.02)
        gate.freeze()
        states = []
        async with patience():
            for _ in range(4):
                assert await cache.get_many([A]) == {}
                states.append(cache.is_in_use)
        assert states == [True, True, False, False]

        gate.thaw()
        async with patience():
            while await cache.get_many([A]) != {A: kept}:  # a busy machine may overrun the budget again
                await until_back()
        await cache.__aexit__()


async def test_a_late_reply_is_never_taken_for_another(redis_url: str) -> None:
    """A lookup given up leaves its reply on the way; the next one on that connection must not read it."""
    kept = {key: entry(key.hex().encode()) for key in (A, B)}
    async with gate_before(redis_url) as gate:
        inner = far(gate.url)
        await inner.put_many(kept)
        gate.freeze()
        assert await GuardedCache(inner, budget_s=0.05).get_many([A]) == {}
        gate.thaw()

        assert await inner.get_many([B]) == {B: kept[B]}
        assert await inner.get_many([A, B]) == kept
        await inner.close()


async def test_closing_leaves_no_connection_and_no_task(redis_url: str, raw: Any) -> None:
    tasks = asyncio.all_tasks()
    async with GuardedCache(far(redis_url), budget_s=5.0) as cache:
        await asyncio.gather(*(cache.get_many([A]) for _ in range(20)))
        ours = [client for client in await raw.client_list() if client["name"] == "foreseen"]
        assert 1 <= len(ours) <= 4

    async with patience():
        while any(client["name"] == "foreseen" for client in await raw.client_list()):
            pass
    assert asyncio.all_tasks() == tasks
