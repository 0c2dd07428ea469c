"""Writing to a real server: one command for many keys, one for each where that is rejected, and no loss in silence."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis.asyncio

from foreseen.adapters.cache.redis.client.bulk_set import KEYS_A_SCRIPT
from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.errors import CacheUnavailableError, Corruption
from foreseen.domain.identity.entry import Entry, EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import entry
from support.own_valkey import own_valkey

HOUR = Lifetime(3600.0)


def numbered(count: int, body: bytes = b"1") -> dict[Key, Entry]:
    return {Key(b"n" * 16 + number.to_bytes(4, "little")): entry(body) for number in range(count)}


THREE = numbered(3)


@asynccontextmanager
async def far(url: str) -> AsyncIterator[RedisCache]:
    client = connect_redis(url, timeout_s=5.0, max_connections=4)
    cache = RedisCache(OneServer(client), model_name="iris", lifetime=HOUR, entry_format=EntryFormat())
    yield cache
    await cache.close()


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[RedisCache]:
    async with far(redis_url) as cache:
        yield cache


@pytest.fixture
async def raw(redis_url: str) -> AsyncIterator[Any]:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        yield client


async def asked(raw: Any) -> dict[str, int]:
    """Count the commands that writers sent since the counters were reset, rejected ones included."""
    stats = await raw.info("commandstats")
    counts = {name: stats.get(f"cmdstat_{name}", {}) for name in ("evalsha", "eval", "set")}
    return {name: count.get("calls", 0) + count.get("rejected_calls", 0) for name, count in counts.items()}


class TestByScript:
    async def test_a_group_is_one_command(self, cache: RedisCache, raw: Any) -> None:
        kept = numbered(KEYS_A_SCRIPT)
        await cache.put_many(THREE)
        await raw.config_resetstat()

        await cache.put_many(kept)

        # The SETs are those inside of the script.
        assert await asked(raw) == {"evalsha": 1, "eval": 0, "set": KEYS_A_SCRIPT}
        assert await cache.get_many(list(kept)) == kept

    async def test_more_than_a_group_is_written_in_several(self, cache: RedisCache, raw: Any) -> None:
        kept = numbered(2 * KEYS_A_SCRIPT + 1)
        await cache.put_many(THREE)
        await raw.config_resetstat()

        await cache.put_many(kept)

        assert await asked(raw) == {"evalsha": 3, "eval": 0, "set": len(kept)}
        assert await cache.get_many(list(kept)) == kept

    async def test_every_key_has_a_time_of_its_own(self, cache: RedisCache, raw: Any) -> None:
        kept = numbered(50)
        await cache.put_many(kept)

        now_ms = 1000 * (await raw.time())[0]
        for key, each in kept.items():
            ends_ms = HOUR.ends_at_us(key, each) / 1000
            left_ms = await raw.pttl(f"foreseen:iris:{key[:8].hex()}:{key[16:].hex()}")
            assert now_ms + left_ms == pytest.approx(ends_ms, abs=3000)

    async def test_another_type_under_a_key_is_overwritten_and_counted(self, cache: RedisCache, raw: Any) -> None:
        for key in THREE:
            await raw.rpush(f"foreseen:iris:{key[:8].hex()}:{key[16:].hex()}", "a list")
        assert await cache.get_many(list(THREE)) == {}

        for kept in (numbered(5), numbered(5)):
            await cache.put_many(kept)
            assert await cache.get_many(list(kept)) == kept
            assert cache.corruptions == {Corruption.TYPE: 3}

    async def test_a_server_that_lost_the_script_gets_it_again(self, cache: RedisCache, raw: Any) -> None:
        await cache.put_many(THREE)
        await raw.script_flush()
        await raw.config_resetstat()

        later = numbered(5, b"2")
        await cache.put_many(later)
        await cache.put_many(later)

        assert await asked(raw) == {"evalsha": 2, "eval": 1, "set": 10}
        assert await cache.get_many(list(later)) == later

    @pytest.mark.server
    async def test_a_restart_loses_no_write_after_it(self) -> None:
        with own_valkey() as server:
            async with far(server.url) as cache:
                await cache.put_many(THREE)
                server.kill()
                with pytest.raises(CacheUnavailableError):
                    await cache.put_many(THREE)
                server.restart()
                await cache.put_many(THREE)

                assert await cache.get_many(list(THREE)) == THREE


class TestFailure:
    """A write that may be lost is reported, and the next one goes the way it would have gone."""

    @pytest.fixture
    async def own_raw(self) -> AsyncIterator[tuple[str, Any]]:
        """A server that may be put out of order: its URL, and a client."""
        with own_valkey() as server:
            async with redis.asyncio.Redis.from_url(server.url) as client:
                yield server.url, client

    @pytest.mark.server
    @pytest.mark.parametrize(
        ("trouble", "relief", "error"),
        [
            (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"), "maxmemory"),
            (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"), "read only replica"),
            (
                ("CONFIG", "SET", "min-replicas-to-write", "1"),
                ("CONFIG", "SET", "min-replicas-to-write", "0"),
                "[Nn]ot enough good replicas",
            ),
        ],
        ids=["full", "replica", "too few replicas"],
    )
    async def test_a_read_only_server_is_reported_and_used_again_afterwards(
        self, own_raw: Any, trouble: tuple[str, ...], relief: tuple[str, ...], error: str
    ) -> None:
        url, raw = own_raw
        async with far(url) as cache:
            await cache.put_many(THREE)
            await raw.flushdb()
            await raw.execute_command(*trouble)
            with pytest.raises(CacheUnavailableError, match=error):
                await cache.put_many(THREE)
            assert await cache.get_many(list(THREE)) == {}

            await raw.execute_command(*relief)
            await raw.config_resetstat()
            await cache.put_many(THREE)

            assert await cache.get_many(list(THREE)) == THREE
            assert await asked(raw) == {"evalsha": 1, "eval": 0, "set": 3}


class TestPermissions:
    @pytest.fixture
    async def restricted(self, raw: Any, redis_url: str) -> AsyncIterator[Any]:
        """Make a user of some permissions, and give the URL under which it comes."""
        parts = urlsplit(redis_url)

        async def allow(*rules: str) -> str:
            await raw.execute_command("ACL", "SETUSER", "writer", "reset", "on", ">hush", "resetchannels", *rules)
            return f"redis://writer:hush@{parts.hostname}:{parts.port}{parts.path}"

        yield allow
        await raw.execute_command("ACL", "DELUSER", "writer")

    async def test_without_scripts_keys_are_written_one_by_one(
        self, restricted: Any, raw: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "foreseen")
        url = await restricted("~foreseen:*", "+@all", "-@scripting")
        async with far(url) as cache:
            await raw.config_resetstat()
            for body in (b"1", b"2", b"3"):
                kept = numbered(600, body)
                await cache.put_many(kept)
                assert await cache.get_many(list(kept)) == kept

        # Two groups of the first attempt.
        assert await asked(raw) == {"evalsha": 2, "eval": 0, "set": 1800}
        assert len([record for record in caplog.records if "does not allow scripts" in record.getMessage()]) == 1
        left_ms = [await raw.pttl(name) for name in (await raw.keys())[:20]]
        assert 0.89 * 3_600_000 < min(left_ms) < max(left_ms) <= 1.1 * 3_600_000

    @pytest.mark.parametrize("rules", [("~foreseen:*", "+@all", "-set"), ("~theirs:*", "+@all")], ids=["set", "keys"])
    async def test_a_user_without_write_permission_is_reported_until_allowed(
        self, restricted: Any, raw: Any, rules: tuple[str, ...]
    ) -> None:
        async with far(await restricted(*rules)) as cache:
            with pytest.raises(CacheUnavailableError):
                await cache.put_many(THREE)
            assert await raw.dbsize() == 0

            await restricted("~foreseen:*", "+@all")
            await raw.config_resetstat()
            await cache.put_many(THREE)

            assert await cache.get_many(list(THREE)) == THREE
            assert (await asked(raw))["set"] == 3
            assert (await asked(raw))["evalsha"] == 1

    async def test_a_partly_rejected_write_is_a_failure(self, restricted: Any, raw: Any) -> None:
        async with far(await restricted("~foreseen:iris:*:01000000", "+@all", "-@scripting")) as cache:
            with pytest.raises(CacheUnavailableError):
                await cache.put_many(THREE)

        assert await raw.dbsize() == 1
