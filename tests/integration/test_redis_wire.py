"""Connections that are kept: lost ones are made anew, late replies are nobody's, and others find room."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import redis.asyncio
import redis.exceptions

from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.client.fast_commands import KEPT, RedisWire
from foreseen.adapters.cache.redis.client.reply_limits import MAX_VALUE_BYTES, ValueTooLargeError
from support.redis_servers import gate_before
from support.stepping import settle


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    async with connect_redis(redis_url, timeout_s=5.0, max_connections=8) as client:
        yield client


async def connections(raw: Any) -> set[int]:
    return {each["id"] for each in await raw.client_list() if each["name"] == "foreseen"}


async def test_replies_come_in_the_order_of_their_commands(client: Any) -> None:
    wire = RedisWire(client)

    assert await wire.ask(("SET", "a", b"\r\n"), ("GET", "a"), ("GET", "b"), ("PTTL", "a")) == [
        b"OK",
        b"\r\n",
        None,
        -1,
    ]
    assert await wire.ask() == []


async def test_a_refused_command_is_raised_and_leaves_no_reply_behind(client: Any) -> None:
    wire = RedisWire(client)
    await wire.ask(("SET", "a", "1"))

    with pytest.raises(redis.exceptions.ResponseError, match="WRONGTYPE"):
        await wire.ask(("SET", "b", "2"), ("LPUSH", "a", "1"), ("NOSUCH",), ("SET", "c", "3"))

    assert await wire.ask(("GET", "b"), ("GET", "c")) == [b"2", b"3"]


async def test_many_at_once_get_their_own_replies_and_one_after_another_use_one_connection(
    client: Any, redis_url: str
) -> None:
    wire = RedisWire(client)
    async with redis.asyncio.Redis.from_url(redis_url) as raw:
        for number in range(20):
            assert await wire.ask(("ECHO", number)) == [b"%d" % number]
        assert len(await connections(raw)) == 1

        replies = await asyncio.gather(*(wire.ask(("ECHO", number)) for number in range(200)))

        assert replies == [[b"%d" % number] for number in range(200)]
        assert len(await connections(raw)) <= 8


@pytest.mark.parametrize("most", [1, 2, 3, 8])
async def test_who_shares_the_pool_finds_room_in_it(redis_url: str, most: int) -> None:
    """A kept connection that nobody else may have would make the others wait in vain."""
    async with connect_redis(redis_url, timeout_s=10.0, max_connections=most) as client:
        wire = RedisWire(client)
        for _ in range(3):
            asked = asyncio.gather(*(wire.ask(("ECHO", number)) for number in range(20)))
            both = await asyncio.gather(asked, *(client.echo(number) for number in range(20)))

            assert both[0] == [[b"%d" % number] for number in range(20)]
            assert both[1:] == [b"%d" % number for number in range(20)]


async def test_a_connection_that_the_server_closed_is_made_anew_without_a_word(client: Any, redis_url: str) -> None:
    wire = RedisWire(client)
    await asyncio.gather(*(wire.ask(("PING",)) for _ in range(KEPT)))
    async with redis.asyncio.Redis.from_url(redis_url) as raw:
        before = await connections(raw)
        for connection in before:
            await raw.client_kill_filter(_id=str(connection))

        for number in range(KEPT):
            assert await wire.ask(("ECHO", number)) == [b"%d" % number]

        assert await connections(raw) - before


async def test_a_frozen_server_costs_the_timeout_and_its_late_reply_is_never_read(redis_url: str) -> None:
    async with (
        gate_before(redis_url) as gate,
        connect_redis(gate.url, timeout_s=0.5, max_connections=4) as client,
    ):
        wire = RedisWire(client)
        await wire.ask(("PING",))
        gate.freeze()
        with pytest.raises(redis.exceptions.TimeoutError, match=r"within 0\.5 s"):
            await wire.ask(("ECHO", "late"))

        gate.thaw()

        assert await wire.ask(("ECHO", "mine")) == [b"mine"]


async def test_a_call_given_up_leaves_its_connection_to_nobody(redis_url: str) -> None:
    async with (
        gate_before(redis_url) as gate,
        connect_redis(gate.url, timeout_s=5.0, max_connections=4) as client,
    ):
        wire = RedisWire(client)
        await wire.ask(("PING",))
        gate.freeze()
        call = asyncio.create_task(wire.ask(("ECHO", "late")))
        await settle()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        gate.thaw()

        assert await asyncio.gather(*(wire.ask(("ECHO", n)) for n in range(20))) == [[b"%d" % n] for n in range(20)]


async def test_a_call_that_is_under_way_at_the_end_connects_no_more(client: Any, redis_url: str) -> None:
    wire = RedisWire(client)
    await wire.ask(("PING",))
    call = asyncio.create_task(wire.each(("BLPOP", "nothing comes", 3600)))
    async with redis.asyncio.Redis.from_url(redis_url) as raw:
        while not (await raw.info("clients"))["blocked_clients"]:  # noqa: ASYNC110 - until the server has it
            await asyncio.sleep(0)
        await wire.close()

        with pytest.raises(redis.exceptions.ConnectionError):
            await call
        with pytest.raises(redis.exceptions.ConnectionError, match="closed"):
            await wire.each(("PING",))
        assert await connections(raw) == set()


async def test_a_value_beyond_all_bounds_is_not_read_to_its_end(client: Any, redis_url: str) -> None:
    wire = RedisWire(client)
    async with redis.asyncio.Redis.from_url(redis_url) as raw:
        await raw.set("giant", bytes(50 * 2**20))
        await raw.set("large", bytes(MAX_VALUE_BYTES - 2**17))
        before = (await raw.info("stats"))["total_net_output_bytes"]

        with pytest.raises(ValueTooLargeError):
            await wire.ask(("MGET", "giant"))

        # The rest is what was on its way, in the buffers of two sockets.
        assert (await raw.info("stats"))["total_net_output_bytes"] - before < 25 * 2**20
        (large,) = await wire.ask(("GET", "large"))
        assert large == bytes(MAX_VALUE_BYTES - 2**17)


async def test_many_values_may_be_larger_together_than_one_may_be(client: Any) -> None:
    wire = RedisWire(client)
    value = bytes(2**20)
    await wire.ask(*(("SET", f"key {number}", value) for number in range(8)))

    assert await wire.ask(("MGET", *(f"key {number}" for number in range(8)))) == [[value] * 8]


async def test_what_nobody_asked_for_is_no_reply_to_what_is_asked_next(redis_url: str) -> None:
    async with (
        gate_before(redis_url) as gate,
        connect_redis(gate.url, timeout_s=5.0, max_connections=4) as client,
    ):
        wire = RedisWire(client)
        await wire.ask(("PING",))
        await gate.say(b"+surplus\r\n")
        await settle()

        assert await wire.ask(("ECHO", "mine")) == [b"mine"]


async def test_who_asks_for_each_reply_is_given_refusals_in_their_place(client: Any) -> None:
    wire = RedisWire(client)
    await wire.ask(("SET", "a", "1"))

    first, refused, last = await wire.each(("GET", "a"), ("LPUSH", "a", "1"), ("STRLEN", "a"))

    assert (first, last) == (b"1", 1)
    assert isinstance(refused, redis.exceptions.ResponseError)
