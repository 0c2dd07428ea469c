"""L2 in Redis: its keys as text, its lifetimes, and its distrust."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import fakeredis
import pytest

from foreseen.adapters.cache.redis.client.connection import connect_redis
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.errors import CacheUnavailableError, Corruption
from foreseen.domain.identity.entry import MAX_SIZE, OVERHEAD, Entry, EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import A, B
from support.fakes import Clock
from support.faulty_redis_servers import lying_server
from support.loop_guard import loops_of_a_command
from support.time_limits import PATIENCE_S

NAME = "foreseen:iris:" + "6e" * 8 + ":61"
"""Key A as text."""


@pytest.fixture
async def client() -> AsyncIterator[Any]:
    async with fakeredis.FakeAsyncRedis() as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


def redis(client: Any, clock: Clock, *, ttl_s: float = 100.0, secret: bytes = b"", name: str = "iris") -> RedisCache:
    return RedisCache(
        OneServer(client), model_name=name, lifetime=Lifetime(ttl_s), entry_format=EntryFormat(secret), clock=clock
    )


def entry(clock: Clock, body: bytes = b"1") -> Entry:
    return Entry(body, int(clock() * 1e6), 7)


async def test_a_key_is_text_a_person_can_read(client: Any, clock: Clock) -> None:
    key = Key(bytes(range(16)) + b"\x00\xff:")

    await redis(client, clock, name="iris-v2").put_many({key: entry(clock)})

    assert await client.keys() == [b"foreseen:iris-v2:0001020304050607:00ff3a"]


async def test_an_entry_expires_within_ten_percent_of_its_ttl(client: Any, clock: Clock) -> None:
    keys = [Key(b"n" * 16 + bytes([row])) for row in range(50)]
    await redis(client, clock).put_many(dict.fromkeys(keys, entry(clock)))

    left_ms = [await client.pttl(name) for name in await client.keys()]

    assert len(left_ms) == 50
    assert 85_000 < min(left_ms) < 95_000
    assert 105_000 < max(left_ms) <= 110_000


async def test_a_late_put_gets_only_the_remaining_ttl(client: Any, clock: Clock) -> None:
    old = entry(clock)
    clock.pass_s(60)
    await redis(client, clock).put_many({A: old})

    assert 25_000 < await client.pttl(NAME) <= 50_000


async def test_an_entry_past_its_time_is_not_sent(client: Any, clock: Clock) -> None:
    old = entry(clock)
    clock.pass_s(111)
    await redis(client, clock).put_many({A: old, B: entry(clock)})

    assert len(await client.keys()) == 1


async def test_our_own_clock_and_ttl_decide_what_is_served(client: Any, clock: Clock) -> None:
    """Another replica may have been given a longer TTL."""
    await redis(client, clock, ttl_s=1e6).put_many({A: entry(clock)})
    assert set(await redis(client, clock).get_many([A])) == {A}

    clock.pass_s(111)

    assert await redis(client, clock).get_many([A]) == {}
    assert set(await redis(client, clock, ttl_s=1e6).get_many([A])) == {A}


async def test_peek_finds_nothing(client: Any, clock: Clock) -> None:
    cache = redis(client, clock)
    await cache.put_many({A: entry(clock)})

    assert cache.peek(A) is None


async def test_another_type_under_a_key_is_an_overwritten_miss(client: Any, clock: Clock) -> None:
    cache = redis(client, clock)
    await client.rpush(NAME, "x")
    assert await cache.get_many([A]) == {}

    await cache.put_many({A: entry(clock)})

    assert await cache.get_many([A]) == {A: entry(clock)}


GOOD = EntryFormat().seal(A, Entry(b"1", 1_700_000_000_000_000, 7))


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"garbage",
        b'{"prediction":"0"}',
        b"\x80\x04\x95pickle",
        GOOD[:-1],
        GOOD + b"\0",
        GOOD[:24] + b"2" + GOOD[25:],
        GOOD[:3] + b"\x02" + GOOD[4:],
        EntryFormat().seal(B, Entry(b"1", 1_700_000_000_000_000, 7)),
        EntryFormat(b"other").seal(A, Entry(b"1", 1_700_000_000_000_000, 7)),
    ],
    ids=["empty", "garbage", "json", "pickle", "cut", "longer", "tampered", "newer", "swapped", "forged"],
)
async def test_an_unverifiable_entry_is_a_counted_miss_and_overwritten(
    client: Any, clock: Clock, stored: bytes
) -> None:
    cache = redis(client, clock)
    await client.set(NAME, stored)
    await cache.put_many({B: entry(clock)})

    assert await cache.get_many([A, B]) == {B: entry(clock)}
    assert cache.corrupt == 1

    await cache.put_many({A: entry(clock)})
    assert await cache.get_many([A]) == {A: entry(clock)}
    assert cache.corrupt == 1


async def test_an_oversized_value_is_an_overwritten_miss(client: Any, clock: Clock) -> None:
    cache = redis(client, clock)
    await client.set(NAME, EntryFormat().seal(A, entry(clock, bytes(MAX_SIZE))))

    assert await cache.get_many([A]) == {}
    assert cache.corruptions == {Corruption.SIZE: 1}

    await cache.put_many({A: entry(clock)})
    assert await cache.get_many([A]) == {A: entry(clock)}


async def test_entries_are_stored_and_read_up_to_the_largest_size(client: Any, clock: Clock) -> None:
    cache, largest = redis(client, clock), entry(clock, bytes(MAX_SIZE - OVERHEAD))
    with loops_of_a_command():  # this server is in the process, and takes megabytes on our loop
        await cache.put_many({A: largest, B: entry(clock, largest.body + b"0")})

        assert await cache.get_many([A, B]) == {A: largest}
    assert len(await client.keys()) == 1


async def test_no_flipped_bit_of_a_reply_makes_another_answer(clock: Clock) -> None:
    """Whether it is one of an entry, of a length or of what says that a key is not there.

    Of an entry one bit of each byte: test_entry goes through all of them.
    """
    kept = entry(clock)
    blob = EntryFormat().seal(A, kept)
    reply = b"*2\r\n$%d\r\n%b\r\n_\r\n" % (len(blob), blob)
    sealed = range(reply.index(blob), reply.index(blob) + len(blob))
    bits = [bit for bit in range(8 * len(reply)) if bit // 8 not in sealed or bit % 8 == bit // 8 % 8]
    said, undetected = bytearray(reply), []
    # What is announced and does not come is over with the connection: nothing here waits for a timeout.
    async with lying_server(said, is_last=True) as url:
        cache = redis(connect_redis(url, timeout_s=PATIENCE_S, max_connections=2), clock)
        for bit in bits:
            before = cache.corrupt
            said[bit // 8] ^= 1 << bit % 8
            with suppress(CacheUnavailableError):
                found = await cache.get_many([A, B])
                assert found in ({}, {A: kept})
                if found or cache.corrupt == before:
                    undetected.append(bit // 8)
            said[bit // 8] ^= 1 << bit % 8
        await cache.close()
    # What ends a line, and nothing else, may change without anything being another reply than it was.
    assert {reply[place : place + 1] for place in undetected} <= {b"\r", b"\n"}


async def test_a_probe_writes_and_looks_up_and_leaves_no_key(client: Any, clock: Clock) -> None:
    await redis(client, clock).ping()

    stats = await client.keys()
    assert stats == []


@pytest.mark.parametrize("reply", [b":1\r\n", b"+PONG\r\n", b"-OOM full\r\n", b"-READONLY no\r\n", b"_\r\n"])
async def test_a_server_that_only_answers_ping_fails_the_probe(clock: Clock, reply: bytes) -> None:
    async with lying_server(reply) as url:
        cache = redis(connect_redis(url, timeout_s=1.0, max_connections=2), clock)
        with pytest.raises(CacheUnavailableError, match="Redis: "):
            await cache.ping()
        await cache.close()


async def test_with_a_secret_nothing_written_without_it_is_served(client: Any, clock: Clock) -> None:
    plain, sealed = redis(client, clock), redis(client, clock, secret=b"hush")
    await plain.put_many({A: entry(clock)})
    assert set(await plain.get_many([A])) == {A}

    assert await sealed.get_many([A]) == {}
    assert sealed.corrupt == 1


async def test_models_of_one_name_with_similar_namespaces_do_not_mix(client: Any, clock: Clock) -> None:
    """The text of a key holds 8 of the namespace's 16 bytes; the seal holds all."""
    cache, near_miss = redis(client, clock), Key(b"n" * 8 + b"m" * 8 + b"a")
    await cache.put_many({A: entry(clock)})

    assert await cache.get_many([near_miss]) == {}


async def test_an_unreachable_server_raises_unavailable(clock: Clock) -> None:
    async with lying_server(b"") as url:
        pass  # nothing listens there any more
    cache = redis(connect_redis(url, timeout_s=1.0, max_connections=2), clock)

    for call in (cache.get_many([A]), cache.put_many({A: entry(clock)}), cache.ping()):
        with pytest.raises(CacheUnavailableError, match="Redis: "):
            await call
    await cache.close()


THREE = [A, B, Key(b"n" * 16 + b"c")]


@pytest.mark.parametrize(
    "reply",
    [
        b"+OK\r\n",
        b":3\r\n",
        b"$3\r\nabc\r\n",
        b"_\r\n",
        b"%0\r\n",
        b"*1\r\n$1\r\na\r\n",
        b"*4\r\n" + b"$-1\r\n" * 4,
        b"-ERR no\r\n",
        b"-OOM full\r\n",
        b"-LOADING\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0\0\0\0",
    ],
)
async def test_a_server_that_answers_nonsense_is_unavailable(clock: Clock, reply: bytes) -> None:
    async with lying_server(reply) as url:
        cache = redis(connect_redis(url, timeout_s=1.0, max_connections=2), clock)
        with pytest.raises(CacheUnavailableError, match="Redis: "):
            await cache.get_many(THREE)
        await cache.close()


@pytest.mark.parametrize(
    "reply",
    [
        b"+OK\r\n",
        b":0\r\n",
        b":1\r\n",
        b":2\r\n",
        b"*2\r\n:0\r\n:0\r\n",
        b"*2\r\n:2\r\n:0\r\n",
        b"*2\r\n:1\r\n:-1\r\n",
        b"*2\r\n:1\r\n_\r\n",
        b"$-1\r\n",
        b"_\r\n",
        b"*1\r\n:1\r\n",
        b"-ERR no\r\n",
        b"-NOSCRIPT no\r\n",
        b"-OOM full\r\n",
        b"-NOAUTH who\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
async def test_a_write_that_is_not_confirmed_is_a_failure(clock: Clock, reply: bytes) -> None:
    async with lying_server(reply) as url:
        cache = redis(connect_redis(url, timeout_s=1.0, max_connections=2), clock)
        with pytest.raises(CacheUnavailableError, match="Redis: "):
            await cache.put_many({A: entry(clock)})
        await cache.close()


@pytest.mark.parametrize("kind", [b"*", b"~", b">", b"*2\r\n_\r\n*", b"*1\r\n>"])
@pytest.mark.parametrize("cut", [0, 6, 11])
async def test_a_reply_that_announces_a_billion_values_costs_no_time(clock: Clock, kind: bytes, cut: int) -> None:
    """hiredis makes room for them at once: it takes seconds to give that back, and a minute for some kinds."""
    reply = kind + b"1000000000\r\n"
    async with lying_server(reply[:-cut] if cut else reply, then=reply[-cut:] if cut else b"") as url:
        cache = redis(connect_redis(url, timeout_s=5.0, max_connections=2), clock)
        with pytest.raises(CacheUnavailableError, match="expected fewer than a million values"):
            await cache.get_many([A])
        await cache.close()


async def test_writing_nothing_sends_nothing(clock: Clock) -> None:
    async with lying_server(b"-ERR no\r\n") as url:
        cache = redis(connect_redis(url, timeout_s=1.0, max_connections=2), clock)
        old = entry(clock)
        clock.pass_s(111)

        await cache.put_many({})
        await cache.put_many({A: old})
        await cache.close()


async def test_values_of_other_types_are_counted_misses(clock: Clock) -> None:
    async with lying_server(b"*3\r\n:1\r\n*0\r\n-ERR no\r\n") as url:
        cache = redis(connect_redis(url, timeout_s=1.0, max_connections=2), clock)

        assert await cache.get_many(THREE) == {}
        assert cache.corrupt == 3
        await cache.close()


async def test_a_server_without_a_redis_greeting_is_unavailable(clock: Clock) -> None:
    async with lying_server(b"", hello=b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        cache = redis(connect_redis(url, timeout_s=1.0, max_connections=2), clock)
        with pytest.raises(CacheUnavailableError):
            await cache.ping()
        await cache.close()


def test_a_client_fails_fast_instead_of_trying_again() -> None:
    pool = connect_redis("redis://127.0.0.1:1/3", timeout_s=0.5, max_connections=7).connection_pool

    given = pool.connection_kwargs
    assert (given["host"], given["port"], given["db"]) == ("127.0.0.1", 1, 3)
    assert (given["socket_timeout"], given["socket_connect_timeout"]) == (0.5, 0.5)
    assert given["retry"].get_retries() == 0
    assert given["retry_on_error"] == []
    assert not pool.maint_notifications_enabled()  # type: ignore[no-untyped-call]
    assert given["decode_responses"] is False
    assert pool.max_connections == 7


def test_decoding_and_timeout_options_in_the_url_are_ignored() -> None:
    url = "redis://127.0.0.1:1/3?decode_responses=yes&socket_timeout=60&protocol=2&max_connections=1"
    pool = connect_redis(url, timeout_s=0.5, max_connections=7).connection_pool

    given = pool.connection_kwargs
    assert (given["decode_responses"], given["socket_timeout"], given["protocol"]) == (False, 0.5, 3)
    assert pool.max_connections == 7


def test_a_unix_socket_is_given_no_option_of_tcp() -> None:
    pool = connect_redis("unix:///nowhere/redis.sock?db=2", timeout_s=0.5, max_connections=1).connection_pool

    assert "socket_keepalive" not in pool.connection_kwargs
    connection = pool.make_connection()  # type: ignore[no-untyped-call]
    assert connection.path == "/nowhere/redis.sock"


@pytest.mark.parametrize("hello", [b"+OK\r\n", b":3\r\n", b"*0\r\n", b"%0\r\n", b"_\r\n", b"%1\r\n+proto\r\n+x\r\n"])
async def test_a_greeting_that_redis_py_cannot_parse_is_unavailable(clock: Clock, hello: bytes) -> None:
    """With a password it looks into the reply whatever it is."""
    async with lying_server(b"*1\r\n_\r\n", hello=hello) as url:
        with_password = url.replace("redis://", "redis://:hush@")
        cache = redis(connect_redis(with_password, timeout_s=1.0, max_connections=2), clock)
        with pytest.raises(CacheUnavailableError, match="Redis: "):
            await cache.get_many([A])
        await cache.close()
