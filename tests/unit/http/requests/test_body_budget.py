"""All unfinished bodies share one room; a small one always has some."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from foreseen.entrypoints.http.requests.body_budget import FREE, BodyBudget, Share
from foreseen.entrypoints.http.responses.problems import Rejection
from foreseen.entrypoints.http.service.application import create_app
from support.event_loop_steps import until
from support.fakes import FakePredictor
from support.in_process_service import Reply, Service, service, wired_around

ROOM = 8 * FREE


class Body:
    """A body that arrives as the test has it."""

    def __init__(self, share: Share, reading: "asyncio.Task[None]") -> None:
        self.share = share
        self.reading = reading

    async def grow(self, size: int) -> None:
        self.share.add(b"x" * size)
        await asyncio.sleep(0)


@asynccontextmanager
async def bodies_of(budget: BodyBudget, count: int) -> AsyncIterator[list[Body]]:
    """Bodies that wait for more until the block ends."""
    shares: list[Share] = []

    async def read() -> None:
        async with budget.share() as share:
            shares.append(share)
            await asyncio.Event().wait()

    readings = [asyncio.create_task(read()) for _ in range(count)]
    await until(lambda: len(shares) == count)
    yield [Body(share, reading) for share, reading in zip(shares, readings, strict=True)]
    for reading in readings:
        reading.cancel()
    await asyncio.wait(readings)


async def test_the_largest_goes_when_there_is_no_more_room() -> None:
    budget = BodyBudget(ROOM)
    async with bodies_of(budget, 3) as (first, second, third):
        await first.grow(2 * FREE)
        await second.grow(5 * FREE)
        await third.grow(2 * FREE)

        with pytest.raises(Rejection) as caught:
            await second.reading
        assert (caught.value.status, caught.value.kind) == (503, "too-many-bodies")
        assert caught.value.headers == {"Retry-After": "1", "Connection": "close"}
        assert (len(second.share.body), budget.total) == (0, 4 * FREE)
        assert not first.reading.done()
        assert not third.reading.done()


async def test_a_body_beyond_the_budget_is_rejected_at_once() -> None:
    budget = BodyBudget(ROOM)
    async with bodies_of(budget, 2) as (first, second):
        await first.grow(2 * FREE)
        await second.grow(6 * FREE)

        with pytest.raises(Rejection, match="max_unfinished_bodies"):
            await second.grow(1)
        with pytest.raises(Rejection):
            await second.grow(1)
        assert budget.total == 2 * FREE


async def test_small_ones_neither_count_nor_go() -> None:
    budget = BodyBudget(ROOM)
    async with bodies_of(budget, 20) as bodies:
        for body in bodies:
            await body.grow(FREE)
        assert budget.total == 0
        await bodies[0].grow(1)
        assert budget.total == FREE + 1


async def test_a_whole_one_stays_until_it_is_read() -> None:
    budget = BodyBudget(ROOM)
    async with bodies_of(budget, 2) as (first, second):
        await first.grow(7 * FREE)
        assert len(first.share.whole()) == 7 * FREE
        with pytest.raises(Rejection):
            await second.grow(2 * FREE)
        await second.grow(0) if not second.share.is_rejected else None
        assert budget.total == 7 * FREE
        assert not first.reading.done()
    assert budget.total == 0


async def test_the_budget_is_free_again_when_clients_leave() -> None:
    budget = BodyBudget(ROOM)
    async with bodies_of(budget, 2) as bodies:
        for body in bodies:
            await body.grow(3 * FREE)
        assert budget.total == 6 * FREE
    assert budget.total == 0


@pytest.fixture
def sums() -> Iterator[Service]:
    wiring = wired_around(FakePredictor(), max_body=4 * FREE, max_unfinished_bodies=1)
    with service(wiring) as client:
        yield client.behind(create_app(wiring))


INSTANCE = {"length": 1, "width": 2}
LARGE = json.dumps({"instances": [INSTANCE]}).encode().replace(b"[", b"[" + b" " * 3 * FREE)


def test_other_requests_are_answered_beside_large_bodies(sums: Service) -> None:
    async def ask() -> list[Reply]:
        large = [sums.exchange(parts=[LARGE[:FREE], LARGE[FREE:-9], LARGE[-9:]]) for _ in range(4)]
        small = [sums.exchange(parts=[json.dumps(INSTANCE).encode()]) for _ in range(4)]
        return await asyncio.gather(*large, *small)

    replies = sums.run(ask())
    statuses = [reply.status for reply in replies]

    assert statuses[4:] == [200] * 4
    assert set(statuses[:4]) == {200, 503}
    rejected = next(reply for reply in replies if reply.status == 503)
    assert rejected.headers["retry-after"] == "1"
    assert rejected.json()["type"] == "urn:foreseen:problem:too-many-bodies"
    assert sums.send("POST", parts=[LARGE]).status == 200
