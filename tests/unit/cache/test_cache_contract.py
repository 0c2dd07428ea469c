"""Every cache that keeps things keeps the same promises."""

import math
from collections.abc import AsyncIterator, Callable
from typing import Any

import fakeredis
import pytest

from foreseen.adapters.cache.adaptive.adaptive_cache import AdaptiveCache
from foreseen.adapters.cache.adaptive.adaptive_l1 import AdaptiveL1
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.adapters.cache.wrappers.room_limited import RoomLimitedCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.adapters.cache.wrappers.write_behind import WriteBehindCache
from foreseen.domain.identity.entry import EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.ports import Cache
from support.cache_contract import CacheContract

HOUR = Lifetime(3600.0)


def lru(_: Any = None) -> LruCache:
    return LruCache(max_entries=1000, max_bytes=2**20, lifetime=HOUR)


def adaptive_lru(_: Any) -> AdaptiveL1:
    return AdaptiveL1(lru())


def redis(client: Any) -> RedisCache:
    return RedisCache(OneServer(client), model_name="iris", lifetime=HOUR, entry_format=EntryFormat(b"hush"))


def guarded(client: Any) -> GuardedCache:
    return GuardedCache(redis(client), budget_s=5.0)


def behind(client: Any) -> WriteBehindCache:
    return WriteBehindCache(redis(client), lifetime=HOUR)


def sparing(client: Any) -> RoomLimitedCache:
    return RoomLimitedCache(redis(client), _unbounded)


async def _unbounded() -> float:
    return math.inf


def worthwhile(client: Any) -> AdaptiveCache:
    return AdaptiveCache(guarded(client))


def tiered_stack(client: Any) -> TieredCache:
    return TieredCache(adaptive_lru(client), AdaptiveCache(GuardedCache(behind(client), budget_s=5.0)))


def tiered_in_process(_: Any) -> TieredCache:
    return TieredCache(lru(), lru())


def tiered(client: Any) -> TieredCache:
    return TieredCache(lru(), redis(client))


def tiered_guarded(client: Any) -> TieredCache:
    return TieredCache(lru(), guarded(client))


def tiered_thrice(client: Any) -> TieredCache:
    return TieredCache(lru(), tiered(client))


@pytest.fixture(
    params=[
        lru,
        adaptive_lru,
        redis,
        guarded,
        behind,
        sparing,
        worthwhile,
        tiered_in_process,
        tiered,
        tiered_guarded,
        tiered_thrice,
        tiered_stack,
    ],
    ids=lambda build: build.__name__,
)
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    build: Callable[[Any], Cache] = request.param
    async with fakeredis.FakeAsyncRedis() as client:
        yield build(client)


class TestEveryCache(CacheContract): ...
