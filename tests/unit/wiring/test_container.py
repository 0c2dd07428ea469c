"""The caches that settings choose: each part is built once, and nothing that is not used."""

import asyncio
from typing import Any, get_args

import pytest

from foreseen.adapters.cache.adaptive.adaptive_cache import WorthwhileCache
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.domain.identity.key import Key
from foreseen.settings import Settings
from foreseen.settings.tiers import TIERS
from foreseen.wiring.caches import Caches, RedisTier
from foreseen.wiring.container import Container, wire_caches
from support.cache_contract import A, entry

CACHES = get_args(Settings.model_fields["cache"].annotation)


def settings(**flags: Any) -> Settings:
    """Return settings whose Redis is at a port where nothing listens."""
    return Settings(redis_url="redis://127.0.0.1:1/0", **flags)


def container(**flags: Any) -> Container:
    return Container(settings=settings(**flags), purpose="requests")


def caches(**flags: Any) -> Caches:
    return wire_caches(settings(**flags), "requests")


def redis_tier(**flags: Any) -> RedisTier:
    tier = caches(**flags).l2
    assert tier is not None
    return tier


@pytest.mark.parametrize(
    ("cache", "built"),
    [("none", NoCache), ("lru", LruCache), ("redis", WorthwhileCache), ("tiered", TieredCache), ("auto", TieredCache)],
)
def test_each_cache_setting_builds_what_it_says(cache: str, built: type) -> None:
    assert type(caches(cache=cache).cache) is built


@pytest.mark.parametrize("cache", CACHES)
def test_every_cache_that_can_be_set_has_its_tiers(cache: str) -> None:
    made = caches(cache=cache)

    assert (made.l1 is not None) == (cache in ("lru", "tiered", "auto"))
    assert (made.l2 is not None) == (cache in ("redis", "tiered", "auto"))


@pytest.mark.parametrize("name", ["cache", "l1", "redis_tier", "redis", "servers", "lifetime", "inventory", "caches"])
def test_what_holds_state_is_there_once(name: str) -> None:
    made = container(cache="tiered")

    assert getattr(made, name)() is getattr(made, name)()
    assert getattr(made, name)() is not getattr(container(cache="tiered"), name)()


def test_what_is_opened_is_what_is_used() -> None:
    alone, beside_l1 = caches(cache="redis"), caches(cache="tiered")
    for tier in (alone.l2, beside_l1.l2):
        assert tier is not None
        assert isinstance(tier.cache, WorthwhileCache)
        assert tier.cache is tier.adaptive
        assert tier.cache._inner is tier.guard
    assert alone.l2 is not None
    assert alone.cache is alone.l2.cache
    assert isinstance(beside_l1.cache, TieredCache)
    assert beside_l1.l2 is not None
    assert (beside_l1.cache._l1, beside_l1.cache._l2) == (beside_l1.l1, beside_l1.l2.cache)


def test_auto_has_redis_where_its_url_was_set() -> None:
    assert isinstance(caches(cache="auto").cache, TieredCache)
    assert isinstance(wire_caches(Settings(cache="auto"), "requests").cache, LruCache)


def test_a_tier_that_is_always_looked_up_is_never_judged() -> None:
    for cache in ("redis", "tiered"):
        made = caches(cache=cache, redis_lookups="always")
        assert made.l2 is not None
        assert made.l2.cache is made.l2.guard
        assert made.l2.guard in (made.cache, getattr(made.cache, "_l2", None))


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


def test_the_ttl_is_that_of_every_tier() -> None:
    made, kept = container(cache="tiered", ttl="1m"), entry()

    assert made.l1()._lifetime is made.redis()._lifetime is made.lifetime()
    assert 54e6 <= made.lifetime().ends_at_us(A, kept) - kept.created_at_us <= 66e6


def test_redis_is_reached_as_the_settings_say() -> None:
    made = redis_tier(
        cache="redis", model="flowers.joblib", redis_mode="single", redis_max_connections=3, redis_timeout="50ms"
    )
    pool = asyncio.run(made.servers.primaries())[0].connection_pool

    assert (pool.connection_kwargs["port"], pool.max_connections) == (1, 3)
    assert made.guard._budget_s == 0.05
    assert made.redis._name(A) == "foreseen:flowers:" + "6e" * 8 + ":61"
    assert isinstance(made.redis, RedisCache)
    assert isinstance(made.inventory, RedisInventory)


def test_leases_are_as_the_settings_say() -> None:
    made = redis_tier(cache="tiered", model="flowers.joblib", lease="5s", redis_timeout="50ms", redis_max_connections=3)
    leases = made.leases

    assert (leases._lease_s, leases._budget_s) == (5.0, 0.05)
    assert leases._table._name(A) == "foreseen:flowers:lease:" + "6e" * 8 + ":61"
    assert leases._pushes._servers is leases._table._servers is made.servers


def test_the_secret_seals_the_entries() -> None:
    plain, first, second = (container(redis_secret=secret).entry_format() for secret in ("", "hush", "hush"))

    assert first.seal(A, entry()) != plain.seal(A, entry())
    kept = entry()
    assert second.unseal(A, first.seal(A, kept)) == kept


def test_settings_of_another_type_are_refused() -> None:
    with pytest.raises(Exception, match="is not an instance of"):
        Container(settings={"cache": "lru"}, purpose="requests").settings()


def test_every_value_of_the_setting_says_its_tiers() -> None:
    assert set(TIERS) == set(CACHES) - {"auto"}
