"""The caches that settings choose: each part is built once, and nothing that is not used."""

import asyncio
from operator import attrgetter
from typing import Any, get_args
from unittest.mock import AsyncMock, patch

import pytest

from foreseen.adapters.cache.adaptive.adaptive_cache import AdaptiveCache
from foreseen.adapters.cache.adaptive.adaptive_l1 import AdaptiveL1
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Cache
from foreseen.settings import Settings
from foreseen.settings.tiers import TIERS
from foreseen.wiring.caches import Caches, RedisTier
from foreseen.wiring.container import Container, wire_caches
from support.cache_contract import A, entry
from support.virtual_time import in_virtual_time, the_loop

CACHES = get_args(Settings.model_fields["cache"].annotation)


def settings(**flags: Any) -> Settings:
    """Return settings whose Redis is at a port where nothing listens."""
    return Settings(redis_url="redis://127.0.0.1:1/0", **flags)


def container(**flags: Any) -> Container:
    return Container(settings(**flags), "requests")


def caches(**flags: Any) -> Caches:
    return wire_caches(settings(**flags), "requests")


def redis_tier(**flags: Any) -> RedisTier:
    tier = caches(**flags).l2
    assert tier is not None
    return tier


@pytest.mark.parametrize(
    ("cache", "built"),
    [("none", NoCache), ("lru", AdaptiveL1), ("redis", AdaptiveCache), ("tiered", TieredCache), ("auto", TieredCache)],
)
def test_each_cache_setting_builds_its_cache(cache: str, built: type) -> None:
    assert type(caches(cache=cache).cache) is built


@pytest.mark.parametrize("cache", CACHES)
def test_every_cache_that_can_be_set_has_its_tiers(cache: str) -> None:
    made = caches(cache=cache)

    tiers = settings(cache=cache).tiers
    assert (made.l1 is not None, made.l2 is not None) == (tiers.has_l1, tiers.has_l2)


@pytest.mark.parametrize(
    "name",
    ["cache", "l1", "redis_tier", "redis.redis", "redis.servers", "lifetime", "redis.inventory", "tally", "caches"],
)
def test_parts_with_state_are_built_once(name: str) -> None:
    part, other = (attrgetter(name)(container(cache="tiered")) for _ in range(2))

    assert part() is part()
    assert part() is not other()


async def looks_up_in_redis(cache: Cache, tier: RedisTier) -> bool:
    """Return whether a lookup in a cache reaches the Redis of a tier through its guard."""
    found = AsyncMock(side_effect=CacheUnavailableError("out of order"))
    with patch.object(OneServer, "find", found):
        await cache.get_many([A])
    is_disabled = not tier.guard.is_in_use
    await tier.guard.__aexit__()  # which ends the probes
    return found.await_count == 1 and is_disabled


async def test_the_opened_parts_are_the_used_ones() -> None:
    alone, beside_l1 = caches(cache="redis", redis_mode="single"), caches(cache="tiered", redis_mode="single")
    for tier in (alone.l2, beside_l1.l2):
        assert tier is not None
        assert isinstance(tier.cache, AdaptiveCache)
        assert tier.cache is tier.adaptive
    assert alone.l2 is not None
    assert alone.cache is alone.l2.cache
    assert await looks_up_in_redis(alone.cache, alone.l2)
    assert beside_l1.l1 is not None
    assert beside_l1.l2 is not None
    assert await looks_up_in_redis(beside_l1.cache, beside_l1.l2)
    await beside_l1.l1.put_many({A: entry()})
    assert beside_l1.cache.peek(A) is not None


def test_auto_has_redis_where_its_url_was_set() -> None:
    assert isinstance(caches(cache="auto").cache, TieredCache)
    assert isinstance(wire_caches(Settings(cache="auto"), "requests").cache, AdaptiveL1)


@pytest.mark.parametrize("cache", ["lru", "tiered"])
def test_a_run_judges_by_itself_what_it_stores(cache: str) -> None:
    made = wire_caches(settings(cache=cache), "files")

    assert (type(made.l1), made.adaptive_l1) == (LruCache, None)


@pytest.mark.parametrize("cache", ["lru", "tiered"])
def test_a_service_stores_in_the_l1_that_it_judges(cache: str) -> None:
    made = caches(cache=cache)

    assert isinstance(made.l1, AdaptiveL1)
    assert made.l1 is made.adaptive_l1


def test_another_model_makes_every_tier_be_judged_again() -> None:
    made = caches(cache="tiered")
    assert made.adaptive_l1 is not None
    assert made.l2 is not None
    assert made.l2.adaptive is not None
    made.adaptive_l1.payoff.pays = made.l2.adaptive.payoff.pays = False
    made.judge_again()

    assert (made.adaptive_l1.store_share, made.l2.adaptive.lookup_share) == (1, 1)


async def test_a_tier_that_is_always_looked_up_is_never_judged() -> None:
    for cache in ("redis", "tiered"):
        made = caches(cache=cache, redis_lookups="always", redis_mode="single")
        assert made.l2 is not None
        assert made.l2.cache is made.l2.guard
        assert await looks_up_in_redis(made.cache, made.l2)


async def test_the_lru_has_the_bounds_that_were_set() -> None:
    keys = [A, *(Key(A[:-1] + last) for last in (b"b", b"c"))]
    cache = caches(cache="lru", lru_max_entries=2, lru_max_bytes="1MiB").l1
    assert cache is not None
    await cache.put_many({key: entry() for key in keys})
    assert cache.entries == 2

    await cache.put_many({key: entry(b"x" * 400 * 1024) for key in keys})
    assert cache.entries == 2
    await cache.put_many({key: entry(b"x" * 600 * 1024) for key in keys})
    assert cache.entries == 1


async def test_the_ttl_is_that_of_every_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    made, written = caches(cache="tiered", ttl="1m", redis_mode="single"), AsyncMock(return_value=0)
    monkeypatch.setattr(OneServer, "write", written)
    assert made.l1 is not None
    assert made.l2 is not None

    await made.l1.put_many({A: entry(age_s=50)})
    assert made.l1.peek(A) is not None
    await made.l1.put_many({A: entry(age_s=70)})
    assert made.l1.peek(A) is None
    await made.l2.redis.put_many({A: entry()})
    [[(_, _, left_ms)]] = written.await_args_list[0].args
    assert 50_000 <= left_ms <= 66_000


async def test_redis_is_reached_as_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    found = AsyncMock(return_value=[None])
    monkeypatch.setattr(OneServer, "find", found)
    made = redis_tier(
        cache="redis", model="flowers.joblib", redis_mode="single", redis_max_connections=3, redis_timeout="50ms"
    )
    pool = (await made.servers.primaries())[0].connection_pool

    assert (pool.connection_kwargs["port"], pool.max_connections) == (1, 3)
    assert await made.redis.get_many([A]) == {}
    found.assert_awaited_once_with(["foreseen:flowers:" + "6e" * 8 + ":61"])
    assert isinstance(made.redis, RedisCache)
    assert isinstance(made.inventory, RedisInventory)


@in_virtual_time
async def test_a_lookup_waits_no_longer_than_its_budget() -> None:
    made = redis_tier(cache="redis", redis_timeout="50ms")
    with patch.object(RedisCache, "get_many", lambda *_: asyncio.sleep(60)):
        assert await made.guard.get_many([A]) == {}

    assert the_loop().time() == pytest.approx(0.05, abs=0.01)


@in_virtual_time
async def test_leases_are_as_the_settings_say() -> None:
    made = redis_tier(cache="tiered", model="flowers.joblib", lease="5s", redis_timeout="50ms", redis_mode="single")
    with patch.object(OneServer, "each", AsyncMock(return_value=[b"OK"])) as sent:
        async with made.leases as leases:
            assert await leases.claim([A]) == {A}
    ((set_, name, _, *options),) = sent.await_args_list[0].args

    assert (set_, name) == (b"SET", "foreseen:flowers:lease:" + "6e" * 8 + ":61")
    assert options == [b"NX", b"PX", 5000]


@in_virtual_time
async def test_a_claim_waits_no_longer_than_its_budget() -> None:
    made = redis_tier(cache="tiered", redis_timeout="50ms", redis_mode="single")
    with patch.object(OneServer, "each", lambda *_: asyncio.sleep(60)):
        async with made.leases as leases:
            assert await leases.claim([A]) == {A}
            assert the_loop().time() == pytest.approx(0.05, abs=0.01)


def test_the_secret_seals_the_entries() -> None:
    plain, first, second = (container(redis_secret=secret).redis.entry_format() for secret in ("", "hush", "hush"))

    assert first.seal(A, entry()) != plain.seal(A, entry())
    kept = entry()
    assert second.unseal(A, first.seal(A, kept)) == kept


def test_every_value_of_the_setting_has_its_tiers() -> None:
    assert set(TIERS) == set(CACHES) - {"auto"}
