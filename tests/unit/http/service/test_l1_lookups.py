"""A miss looks up L1 once, in whichever way it is answered, and hands on what it found."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final, Literal

import fakeredis
import pytest

from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.answer import Origin
from foreseen.domain.bulk.bulk import Tier
from foreseen.domain.bulk.tier_use import AlwaysUsed
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.values.batch import Batch
from foreseen.entrypoints.http.server.known_heads_protocol import MOST_LOOKS
from foreseen.entrypoints.http.service.application import create_service
from foreseen.entrypoints.http.service.known_hits import heads_in_use
from foreseen.settings import Settings
from foreseen.wiring.service import Service as WiredService
from foreseen.wiring.service import wire_service
from foreseen.wiring.use_cases import wire_bulk_predict
from support.fakes import FLOWER, FakePredictor
from support.in_loop_server import in_loop_server
from support.in_process_service import JSON, Service, service

PLAIN: Final = {"content-type": "application/json"}
ORDINARY: Final = {"content-type": "application/json; charset=utf-8"}
"""With a parameter, which the hot path leaves to the route."""


class Peeks:
    """Counts how often each key is looked up in L1."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._keys: list[Key] = []
        peek = LruCache.peek

        def counted(cache: LruCache, key: Key) -> Entry | None:
            self._keys.append(key)
            return peek(cache, key)

        monkeypatch.setattr(LruCache, "peek", counted)

    def taken(self) -> list[int]:
        """Return how often each key was looked up since the last time, most first."""
        taken, self._keys = self._keys, []
        return sorted((taken.count(key) for key in set(taken)), reverse=True)


@pytest.fixture
def peeks(monkeypatch: pytest.MonkeyPatch) -> Peeks:
    return Peeks(monkeypatch)


def wired(cache: Literal["lru", "tiered"]) -> WiredService:
    servers = OneServer(fakeredis.FakeAsyncRedis())
    return wire_service(Settings(cache=cache), FakePredictor(), servers=servers)


@pytest.fixture(params=["lru", "tiered"])
def client(request: pytest.FixtureRequest, peeks: Peeks) -> Iterator[Service]:
    wiring = wired(request.param)
    with service(wiring) as client:
        yield client.behind(create_service(wiring))


def one(number: int) -> bytes:
    return b'{"length":%d,"width":1}' % number


def many(number: int) -> bytes:
    return b'{"instances":[[%d,1],[%d,2]]}' % (number, number)


@pytest.mark.parametrize("headers", [PLAIN, ORDINARY, PLAIN | {"cache-control": "max-age=60"}])
@pytest.mark.parametrize(("body", "once_each"), [(one, [1]), (many, [1, 1])])
def test_a_miss_looks_up_each_instance_once(
    client: Service, peeks: Peeks, headers: dict[str, str], body: Callable[[int], bytes], once_each: list[int]
) -> None:
    reply = client.send("POST", parts=[body(5)], headers=headers)

    assert reply.cache_status.startswith("foreseen; fwd=miss")
    assert peeks.taken() == once_each


@pytest.mark.parametrize("headers", [{}, {"cache-control": "max-age=60"}, {"if-none-match": '"other"'}])
def test_a_miss_by_get_looks_up_its_instance_once(client: Service, peeks: Peeks, headers: dict[str, str]) -> None:
    reply = client.send("GET", query=b"length=5&width=1", headers=headers)

    assert reply.cache_status.startswith("foreseen; fwd=miss")
    assert peeks.taken() == [1]


@pytest.mark.parametrize("directive", ["no-cache", "no-store"])
def test_what_is_computed_again_is_not_looked_up(client: Service, peeks: Peeks, directive: str) -> None:
    client.send("POST", parts=[one(5)], headers=JSON | {"cache-control": directive})

    assert peeks.taken() == []


def test_a_part_that_l1_holds_is_not_looked_up_again(client: Service, peeks: Peeks) -> None:
    client.send("POST", parts=[one(5)])
    peeks.taken()
    reply = client.send("POST", parts=[b'{"instances":[[5,1],[6,1]]}'])

    assert "L1=1 model=1" in reply.cache_status
    assert peeks.taken() == [1, 1]


def test_simultaneous_misses_look_up_once_each(client: Service, peeks: Peeks) -> None:
    async def together() -> None:
        await asyncio.gather(*(client.exchange(parts=[one(5)]) for _ in range(10)))

    client.run(together())

    assert peeks.taken() == [10]
    assert client.predict.tally.model_rows == 1


async def test_under_known_heads_few_misses_are_looked_up_twice(peeks: Peeks) -> None:
    """Before the parser and, in a later turn, in which the instance may have landed, after it."""
    wiring, numbers = wired("lru"), count(1000)
    heads = heads_in_use(wiring)
    async with in_loop_server(serving=create_service(wiring, heads=heads)) as server:
        line = await server.open()

        async def post(body: bytes) -> None:
            head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            await line.send(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            await line.answer()

        for _ in range(4):
            await post(one(1))
        assert heads.current is not None
        assert len(heads.current) == 1
        peeks.taken()
        for _ in range(3 * MOST_LOOKS):
            await post(one(next(numbers)))

    times = peeks.taken()
    assert set(times) == {1, 2}
    assert times.count(2) <= MOST_LOOKS


async def test_a_batch_of_a_file_looks_up_each_instance_once(peeks: Peeks) -> None:
    l1 = LruCache(max_entries=100, max_bytes=2**20, lifetime=Lifetime(3600.0))
    thread = ModelThread()
    predict = wire_bulk_predict(FakePredictor(), [Tier(l1, Origin.L1, AlwaysUsed())], thread)
    batch: Any = Batch.of(FLOWER, {"length": [1.0, 2.0, 1.0, 3.0], "width": [1.0] * 4})
    await predict.answer(batch)
    thread.close()

    assert peeks.taken() == [1, 1, 1]
