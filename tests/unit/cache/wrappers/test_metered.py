"""Calls of L2 are counted, with the time they take."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

import fakeredis
import pytest

from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.adapters.cache.wrappers.metered import MeteredCache
from foreseen.domain.counters import L2_GET_SECONDS, L2_GETS, L2_PUT_SECONDS, L2_PUTS, SIZE, Tally
from foreseen.domain.errors import CacheUnavailableError
from foreseen.domain.identity.entry import Entry, EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from support.cache_contract import CacheContract
from support.fakes import Clock, DeadCache, DictCache

KEY = Key(b"n" * 16 + b"a")
ENTRY = Entry(b"1", 0, 0)


class SlowCache(DictCache):
    """Takes a second to look up, and two to store."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        self._clock.pass_s(1)
        return await super().get_many(keys)

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        self._clock.pass_s(2)
        await super().put_many(entries)


def counted(tally: Tally) -> dict[int, float]:
    return {place: tally.counts[place] for place in range(SIZE) if tally.counts[place]}


class TestMetered(CacheContract):
    @pytest.fixture
    async def cache(self) -> AsyncIterator[MeteredCache]:
        async with fakeredis.FakeAsyncRedis() as client:
            lifetime = Lifetime(3600.0)
            redis = RedisCache(
                OneServer(client), model_name="iris", lifetime=lifetime, entry_format=EntryFormat(b"hush")
            )
            yield MeteredCache(redis, Tally())


async def test_lookups_and_writes_are_counted_apart() -> None:
    clock, tally = Clock(), Tally()
    timed = MeteredCache(SlowCache(clock), tally, clock=clock)

    await timed.put_many({KEY: ENTRY})
    await timed.get_many([KEY])
    await timed.get_many([KEY])

    assert counted(tally) == {L2_GETS: 2, L2_GET_SECONDS: 2, L2_PUTS: 1, L2_PUT_SECONDS: 2}


async def test_a_call_without_a_round_trip_is_not_counted() -> None:
    clock, tally = Clock(), Tally()
    timed = MeteredCache(SlowCache(clock), tally, clock=clock)

    timed.peek(KEY)
    await timed.get_many([])
    await timed.put_many({})
    await timed.ping()
    await timed.close()

    assert counted(tally) == {}


async def test_a_call_that_fails_is_counted() -> None:
    tally = Tally()
    timed = MeteredCache(DeadCache(), tally)
    for call in (timed.get_many([KEY]), timed.put_many({KEY: ENTRY})):
        with pytest.raises(CacheUnavailableError):
            await call

    assert (tally.counts[L2_GETS], tally.counts[L2_PUTS]) == (1, 1)


async def test_a_cancelled_call_is_counted_with_its_duration() -> None:
    clock, tally = Clock(), Tally()

    class StuckCache(DictCache):
        async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
            clock.pass_s(3)
            await asyncio.Event().wait()
            return {}

    call = asyncio.create_task(MeteredCache(StuckCache(), tally, clock=clock).get_many([KEY]))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    assert counted(tally) == {L2_GETS: 1, L2_GET_SECONDS: 3}
