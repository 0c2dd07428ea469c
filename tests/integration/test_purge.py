"""A purge empties every tier of every replica, and nothing that was begun before is stored behind it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
import redis.asyncio

from foreseen.adapters.cache.redis.purges.purge_messages import REQUESTS, marker
from foreseen.adapters.cache.redis.purges.purge_request import RedisProcesses
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.purging import Purged
from foreseen.entrypoints.cli.commands.cache_purge import purged_by
from foreseen.entrypoints.http.service.application import create_service
from foreseen.settings import Settings
from foreseen.wiring.service import Service as WiredService
from support.fakes import FakePredictor, HeldPredictor
from support.in_process_replica import replica
from support.in_process_service import wired_around
from support.time_limits import patience

HIT_L1, HIT_L2 = "foreseen; hit; detail=L1", "foreseen; hit; detail=L2"
MISS = "foreseen; fwd=miss; stored"
ENTRIES = "foreseen:iris:????????????????:*"
ROW = {"length": 1, "width": 1}


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[redis.asyncio.Redis]:
    async with redis.asyncio.Redis.from_url(redis_url) as connected:
        yield connected


def wiring(url: str, predictor: Any = None, **more: Any) -> WiredService:
    settings = {"cache": "tiered", "redis_url": url, "redis_timeout": 10.0, "redis_lookups": "always", "name": "iris"}
    return wired_around(predictor or FakePredictor(), **{**settings, **more})


async def _no_reload() -> None:
    return None


@asynccontextmanager
async def started(*wirings: WiredService, heard_by: redis.asyncio.Redis | None = None) -> AsyncIterator[list[Any]]:
    """Yield clients of replicas that all listen."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(replica(create_service(each, reload=_no_reload))) for each in wirings
        ]
        if heard_by is not None:
            await listening(heard_by, len(wirings))
        yield clients


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds."""
    async with patience():
        while not await holds():  # noqa: ASYNC110 - it holds in another process
            await asyncio.sleep(0.01)


async def listening(client: redis.asyncio.Redis, processes: int) -> None:
    """Wait until so many processes hear of purges."""

    async def do_listen() -> bool:
        return bool((await client.pubsub_numsub(REQUESTS))[0][1] == processes)

    await until(do_listen)


async def status(client: httpx.AsyncClient) -> str:
    return str((await client.get("/predict", params=ROW)).headers["cache-status"])


async def stored(client: redis.asyncio.Redis, entries: int) -> None:
    """Wait until so many entries of iris are in Redis."""

    async def are_there() -> bool:
        return len([name async for name in client.scan_iter(ENTRIES)]) == entries

    await until(are_there)


class TestAllReplicas:
    async def test_all_replicas_compute_again_after_a_purge_of_one(
        self, redis_url: str, client: redis.asyncio.Redis
    ) -> None:
        async with started(wiring(redis_url), wiring(redis_url), heard_by=client) as (one, other):
            assert await status(one) == MISS
            await stored(client, 1)
            assert [await status(other), await status(other)] == [HIT_L2, HIT_L1]

            answer = await one.post("/admin/purge")

            assert answer.status_code == 200
            assert answer.json() == {
                "status": "purged",
                "model": "iris",
                "entries": {"l1": 2, "l2": 1},
                "processes": {"confirmed": 2, "silent": 0},
            }
            assert [await status(other), await status(other)] == [MISS, HIT_L1]

    async def test_the_command_reaches_them_as_well(self, redis_url: str, client: redis.asyncio.Redis) -> None:
        async with started(wiring(redis_url), wiring(redis_url, name="wine"), heard_by=client) as (iris, wine):
            for each in (iris, wine):
                await status(each)
            await stored(client, 1)

            purged = await purged_by(Settings(redis_url=redis_url, name="iris"))

            assert purged == Purged("iris", l1_removed=1, l2_removed=1, confirmed=1, silent=0)
            assert await status(wine) == HIT_L1
            assert await status(iris) == MISS
            both = await purged_by(Settings(redis_url=redis_url))
            assert (both.model, both.confirmed, both.l1_removed, both.silent) == (None, 2, 2, 0)
            assert [await status(iris), await status(wine)] == [MISS, MISS]

    async def test_a_cache_in_memory_is_emptied_without_redis(self) -> None:
        async with started(wiring("redis://127.0.0.1:1/0", cache="lru")) as (alone,):
            assert [await status(alone), await status(alone)] == [MISS, HIT_L1]

            answer = (await alone.post("/admin/purge")).json()

            assert answer["entries"] == {"l1": 1, "l2": None}
            assert answer["processes"] == {"confirmed": 1, "silent": 0}
            assert await status(alone) == MISS

    async def test_without_redis_only_the_own_l1_is_purged(self) -> None:
        away = wiring("redis://127.0.0.1:1/0")
        async with started(away) as (alone,):
            await status(alone)

            answer = await alone.post("/admin/purge")

            assert answer.status_code == 503
            assert answer.json()["type"] == "urn:foreseen:problem:not-purged"
            assert "Redis: " in answer.json()["detail"]
            assert "cache-status" not in answer.headers
            assert (await status(alone)).startswith("foreseen; fwd=miss")

    @pytest.mark.parametrize("query", ["scope=models", "scope=", "scope=all&scope=all", "model=iris"])
    async def test_another_scope_is_rejected_and_nothing_is_purged(self, query: str) -> None:
        async with started(wiring("redis://127.0.0.1:1/0", cache="lru")) as (alone,):
            await status(alone)

            answer = await alone.post(f"/admin/purge?{query}")

            assert answer.status_code == 422
            assert await status(alone) == HIT_L1

    async def test_only_callers_who_may_reload_may_purge(self) -> None:
        keys = {"admin_keys": "ab" * 32}
        async with started(wiring("redis://127.0.0.1:1/0", cache="lru", **keys)) as (alone,):
            assert (await alone.post("/admin/purge")).status_code == 401


class TestSilence:
    async def test_a_process_that_does_not_confirm_is_counted(
        self, redis_url: str, client: redis.asyncio.Redis
    ) -> None:
        async with client.pubsub() as deaf:
            await deaf.subscribe(REQUESTS)
            await listening(client, 1)

            reached = await RedisProcesses(OneServer(client), wait_s=0.05).purge("iris")

        assert (reached.removed, reached.silent) == ({}, 1)

    @pytest.mark.parametrize("message", [b"", b"{}", b"[1]", b"\xff", b"9" * 5000, b'{"id":"../x","model":null}'])
    async def test_a_malformed_purge_message_is_ignored(
        self, redis_url: str, client: redis.asyncio.Redis, message: bytes
    ) -> None:
        async with started(wiring(redis_url), heard_by=client) as (one,):
            await status(one)
            await client.publish(REQUESTS, message)

            assert (await one.post("/admin/purge")).json()["processes"] == {"confirmed": 1, "silent": 0}

    @pytest.mark.parametrize("purged", ["iris", None])
    async def test_a_replica_that_missed_a_purge_purges_on_reconnecting(
        self, redis_url: str, client: redis.asyncio.Redis, purged: str | None
    ) -> None:
        async with started(wiring(redis_url), heard_by=client) as (one,):
            await status(one)
            await client.set(marker(purged), 2**53)
            await client.client_kill_filter(_type="pubsub")

            async def has_purged() -> bool:
                return await status(one) != HIT_L1

            await until(has_purged)

    async def test_a_purge_of_another_model_empties_nothing(self, redis_url: str, client: redis.asyncio.Redis) -> None:
        async with started(wiring(redis_url), heard_by=client) as (one,):
            await status(one)

            await purged_by(Settings(redis_url=redis_url, name="wine"))

            assert await status(one) == HIT_L1

    async def test_a_missing_permission_to_publish_is_reported(
        self, redis_url: str, client: redis.asyncio.Redis, caplog: pytest.LogCaptureFixture
    ) -> None:
        await client.acl_setuser(
            "mute", enabled=True, nopass=True, categories=["+@all"], keys=["*"], reset_channels=True
        )
        url = redis_url.replace("redis://", "redis://mute:x@")
        caplog.set_level(logging.WARNING)
        try:
            async with started(wiring(url)) as (one,):
                await status(one)
                await stored(client, 1)

                answer = await one.post("/admin/purge")

                assert answer.status_code == 503
                assert "NOPERM" in answer.json()["detail"] or "permission" in answer.json()["detail"]
                await stored(client, 0)
                assert [text for text in caplog.messages if "purges of other processes are not received" in text]
        finally:
            await client.acl_deluser("mute")


class TestAnswersDuringAPurge:
    async def test_an_answer_computed_during_a_purge_is_not_stored(
        self, redis_url: str, client: redis.asyncio.Redis
    ) -> None:
        predictor = HeldPredictor()
        async with started(wiring(redis_url, predictor), heard_by=client) as (one,):
            asked = asyncio.create_task(status(one))
            await asyncio.to_thread(predictor.began.wait)

            await one.post("/admin/purge")
            predictor.free.set()

            assert (await asked).startswith("foreseen; fwd=miss")
            assert (await status(one)) == MISS
            await stored(client, 1)

    async def test_leases_and_what_is_kept_in_their_places_are_removed(
        self, redis_url: str, client: redis.asyncio.Redis
    ) -> None:
        await client.set("foreseen:iris:lease:0011223344556677:00", "kept")
        await client.set("foreseen:wine:lease:0011223344556677:00", "kept")

        purged = await purged_by(Settings(redis_url=redis_url, name="iris"))

        assert purged.l2_removed == 0
        assert [name async for name in client.scan_iter("*:lease:*")] == [b"foreseen:wine:lease:0011223344556677:00"]

    async def test_an_entry_stored_after_a_purge_is_not_served(
        self, redis_url: str, client: redis.asyncio.Redis
    ) -> None:
        """As one does that was stopped in its tracks, and did not confirm."""
        async with started(wiring(redis_url), heard_by=client) as (one,):
            await status(one)
            await stored(client, 1)
            late: dict[Any, Any] = {name: await client.get(name) async for name in client.scan_iter(ENTRIES)}
            await one.post("/admin/purge")
            await client.mset(late)

            assert await status(one) == MISS
        async with started(wiring(redis_url), heard_by=client) as (later,):
            assert await status(later) == HIT_L2  # what was computed since
            await client.mset(late)
        async with started(wiring(redis_url), heard_by=client) as (new,):
            assert await status(new) == MISS
