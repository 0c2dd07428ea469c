"""Kept connections: lost ones are replaced, late replies are dropped, and other users find room."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import redis.asyncio
import redis.exceptions

from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.client.fast_commands import KEPT, RedisWire
from foreseen.adapters.cache.redis.client.reply_limits import MAX_VALUE_BYTES, ValueTooLargeError
from support.event_loop_steps import settle
from support.faulty_redis_servers import gate_before
from support.time_limits import PATIENCE_S, patience


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    async with connect_redis(redis_url, timeout_s=5.0, max_connections=8) as client:
        yield client


async def connections(raw: Any) -> set[int]:
    return {each["id"] for each in await raw.client_list() if each["name"] == "foreseen"}


async def test_replies_come_in_the_order_of_their_commands(client: Any) -> None:
    wire = RedisWire(client)

    assert await wire.call(("SET", "a", b"\r\n"), ("GET", "a"), ("GET", "b"), ("PTTL", "a")) == [
        b"OK",
        b"\r\n",
        None,
        -1,
    ]
    assert await wire.call() == []


async def test_a_rejected_command_raises_and_leaves_no_reply_behind(client: Any) -> None:
    wire = RedisWire(client)
    await wire.call(("SET", "a", "1"))

    with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
        await wire.call(("SET", "b", "2"), ("LPUSH", "a", "1"), ("NOSUCH",), ("SET", "c", "3"))

    assert await wire.call(("GET", "b"), ("GET", "c")) == [b"2", b"3"]


async def test_concurrent_calls_share_connections_and_get_their_own_replies(client: Any, redis_url: str) -> None:
    wire = RedisWire(client)
    async with redis.asyncio.Redis.from_url(redis_url) as raw:
        for number in range(20):
            assert await wire.call(("ECHO", number)) == [b"%d" % number]
        assert len(await connections(raw)) == 1

        replies = await asyncio.gather(*(wire.call(("ECHO", number)) for number in range(200)))

        assert replies == [[b"%d" % number] for number in range(200)]
        assert len(await connections(raw)) <= 8


@pytest.mark.parametrize("most", [1, 2, 3, 8])
async def test_every_caller_of_a_full_pool_gets_a_connection(redis_url: str, most: int) -> None:
    """A kept connection that is never shared would make the others wait in vain."""
    async with connect_redis(redis_url, timeout_s=10.0, max_connections=most) as client:
        wire = RedisWire(client)
        for _ in range(3):
            asked = asyncio.gather(*(wire.call(("ECHO", number)) for number in range(20)))
            both = await asyncio.gather(asked, *(client.echo(number) for number in range(20)))

            assert both[0] == [[b"%d" % number] for number in range(20)]
            assert both[1:] == [b"%d" % number for number in range(20)]


async def test_a_connection_closed_by_the_server_is_replaced_silently(client: Any, redis_url: str) -> None:
    wire = RedisWire(client)
    await asyncio.gather(*(wire.call(("PING",)) for _ in range(KEPT)))
    async with redis.asyncio.Redis.from_url(redis_url) as raw:
        before = await connections(raw)
        for connection in before:
            await raw.client_kill_filter(_id=str(connection))

        for number in range(KEPT):
            assert await wire.call(("ECHO", number)) == [b"%d" % number]

        assert await connections(raw) - before


async def test_a_frozen_server_costs_its_timeout_and_no_wrong_reply(redis_url: str) -> None:
    async with (
        gate_before(redis_url) as gate,
        connect_redis(gate.url, timeout_s=0.5, max_connections=4) as client,
    ):
        wire = RedisWire(client)
        await wire.call(("PING",))
        gate.freeze()
        with pytest.raises(redis.exceptions.TimeoutError, match=r"within 0\.5 s"):
            await wire.call(("ECHO", "late"))

        gate.thaw()

        assert await answered(wire, ("ECHO", "mine")) == [b"mine"]


async def answered(wire: RedisWire, command: tuple[str, ...]) -> object:
    """Return the first reply, since a new connection may take longer than the timeout on a busy machine."""
    async with patience():
        while True:
            with suppress(redis.exceptions.TimeoutError):
                return await wire.call(command)


async def test_a_cancelled_call_leaves_its_connection_unused(redis_url: str) -> None:
    async with (
        gate_before(redis_url) as gate,
        connect_redis(gate.url, timeout_s=5.0, max_connections=4) as client,
    ):
        wire = RedisWire(client)
        await wire.call(("PING",))
        gate.freeze()
        call = asyncio.create_task(wire.call(("ECHO", "late")))
        await settle()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        gate.thaw()

        assert await asyncio.gather(*(wire.call(("ECHO", n)) for n in range(20))) == [[b"%d" % n] for n in range(20)]


async def test_a_call_that_runs_at_shutdown_opens_no_connection(client: Any, redis_url: str) -> None:
    wire = RedisWire(client)
    await wire.call(("PING",))
    call = asyncio.create_task(wire.each(("BLPOP", "nothing comes", 3600)))
    async with redis.asyncio.Redis.from_url(redis_url) as raw:
        while not (await raw.info("clients"))["blocked_clients"]:  # noqa: ASYNC110 - until the server has it
            await asyncio.sleep(0)
        opened = (await raw.info("stats"))["total_connections_received"]
        await wire.close()

        with pytest.raises(redis.exceptions.ConnectionError):
            await call
        with pytest.raises(redis.exceptions.ConnectionError, match="closed"):
            await wire.each(("PING",))
        assert (await raw.info("stats"))["total_connections_received"] == opened
        async with patience():
            while await connections(raw):  # the server may be late to see that they are closed
                pass


async def test_an_oversized_value_is_not_read_to_its_end(client: Any, redis_url: str) -> None:
    wire = RedisWire(client)
    async with redis.asyncio.Redis.from_url(redis_url, socket_timeout=PATIENCE_S) as raw:
        await raw.set("giant", bytes(50 * 2**20))
        await raw.set("large", bytes(MAX_VALUE_BYTES - 2**17))
        before = (await raw.info("stats"))["total_net_output_bytes"]

        with pytest.raises(ValueTooLargeError):
            await wire.call(("MGET", "giant"))

        # The rest is what was on its way, in the buffers of two sockets.
        assert (await raw.info("stats"))["total_net_output_bytes"] - before < 25 * 2**20
        (large,) = await wire.call(("GET", "large"))
        assert large == bytes(MAX_VALUE_BYTES - 2**17)


async def test_many_values_may_be_larger_together_than_one_may_be(client: Any) -> None:
    wire = RedisWire(client)
    value = bytes(2**20)
    await wire.call(*(("SET", f"key {number}", value) for number in range(8)))

    assert await wire.call(("MGET", *(f"key {number}" for number in range(8)))) == [[value] * 8]


async def test_an_unexpected_reply_is_not_taken_for_the_next(redis_url: str) -> None:
    async with (
        gate_before(redis_url) as gate,
        connect_redis(gate.url, timeout_s=5.0, max_connections=4) as client,
    ):
        wire = RedisWire(client)
        await wire.call(("PING",))
        await gate.say(b"+surplus\r\n")
        await settle()

        assert await wire.call(("ECHO", "mine")) == [b"mine"]


async def test_individual_replies_include_errors_in_their_place(client: Any) -> None:
    wire = RedisWire(client)
    await wire.call(("SET", "a", "1"))

    first, rejected, last = await wire.each(("GET", "a"), ("LPUSH", "a", "1"), ("STRLEN", "a"))

    assert (first, last) == (b"1", 1)
    assert isinstance(rejected, redis.exceptions.ResponseError)
