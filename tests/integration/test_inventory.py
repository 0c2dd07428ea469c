"""What an operator sees and removes in Redis."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio

from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.entry import OVERHEAD, EntryFormat, Header
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Held
from support.cache_contract import A, B, entry


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    async with connect_redis(redis_url, timeout_s=5.0, max_connections=4) as client:
        yield client


@pytest.fixture
def inventory(client: redis.asyncio.Redis) -> RedisInventory:
    return RedisInventory(OneServer(client))


def cache_of(client: redis.asyncio.Redis, name: str) -> RedisCache:
    return RedisCache(OneServer(client), model_name=name, lifetime=Lifetime(3600.0), entry_format=EntryFormat(b"hush"))


async def names(inventory: RedisInventory, model: str | None = None) -> set[str]:
    return {held.name.split(":")[1] async for held in inventory.held(model)}


async def test_an_entry_shows_its_age_cost_size_and_remaining_time(
    client: redis.asyncio.Redis, inventory: RedisInventory
) -> None:
    """Without the secret: a header is good to show, not to serve."""
    kept = entry(b"12345")
    await cache_of(client, "iris").put_many({A: kept})

    (held,) = [each async for each in inventory.held()]

    assert held.ttl_s is not None
    assert 3200 < held.ttl_s <= 3960
    assert held == Held(
        name="foreseen:iris:" + "6e" * 8 + ":61",
        size_bytes=OVERHEAD + 5,
        ttl_s=held.ttl_s,
        header=Header(kept.created_at_us, kept.cost_us),
        answer=b"12345",
    )


async def test_thousands_are_gone_through_each_once(client: redis.asyncio.Redis, inventory: RedisInventory) -> None:
    keys = [Key(b"n" * 16 + row.to_bytes(4, "little")) for row in range(2500)]
    await cache_of(client, "iris").put_many({key: entry() for key in keys})

    assert sorted([held.name async for held in inventory.held()]) == sorted(
        f"foreseen:iris:{'6e' * 8}:{key[16:].hex()}" for key in keys
    )
    assert await inventory.purge() == 2500
    assert await client.dbsize() == 0


async def test_a_model_is_listed_by_its_whole_name(client: redis.asyncio.Redis, inventory: RedisInventory) -> None:
    for name in ("iris", "iris-2", "my-iris"):
        await cache_of(client, name).put_many({A: entry(), B: entry()})

    assert await names(inventory) == {"iris", "iris-2", "my-iris"}
    assert await names(inventory, "iris") == {"iris"}
    assert await names(inventory, "iris-2") == {"iris-2"}
    assert await inventory.purge("iris") == 2
    assert await names(inventory) == {"iris-2", "my-iris"}


@pytest.mark.parametrize("name", ["*", "i?is", "[i]ris", "ir*", "", "\\iris"])
async def test_a_name_is_no_pattern(client: redis.asyncio.Redis, inventory: RedisInventory, name: str) -> None:
    await cache_of(client, "iris").put_many({A: entry()})

    assert await names(inventory, name) == set()
    assert await inventory.purge(name) == 0
    assert await names(inventory) == {"iris"}


async def test_keys_of_others_are_neither_shown_nor_removed(
    client: redis.asyncio.Redis, inventory: RedisInventory
) -> None:
    for name in ("theirs", "foreseen", "foreseen:", "xforeseen:iris:a:b", "Foreseen:iris:a:b"):
        await client.set(name, "1")
    await cache_of(client, "iris").put_many({A: entry()})

    assert await names(inventory) == {"iris"}
    assert await inventory.purge() == 1
    assert await client.dbsize() == 5


async def test_a_foreign_value_is_listed_unreadable_and_removable(
    client: redis.asyncio.Redis, inventory: RedisInventory
) -> None:
    await client.set("foreseen:iris:00:garbage", "1")
    await client.set(b"foreseen:iris:00:\xff", "1")
    await client.rpush("foreseen:iris:00:list", "1")

    held: list[Any] = [each async for each in inventory.held()]

    assert {each.name for each in held} == {"foreseen:iris:00:garbage", "foreseen:iris:00:\ufffd"}
    assert [(each.header, each.ttl_s, each.size_bytes) for each in held] == [(None, None, 1)] * 2
    assert await inventory.purge("iris") == 3


async def test_an_empty_server_has_no_entries(inventory: RedisInventory) -> None:
    assert [each async for each in inventory.held()] == []
    assert await inventory.purge() == 0


async def test_an_unreachable_server_is_an_error(redis_url: str) -> None:
    inventory = RedisInventory(OneServer(connect_redis("redis://127.0.0.1:1/0", timeout_s=1.0, max_connections=1)))

    with pytest.raises(CacheUnavailableError, match="Redis: "):
        await inventory.purge()
    with pytest.raises(CacheUnavailableError, match="Redis: "):
        [each async for each in inventory.held()]
    await inventory.close()
