"""More than may wait for the model is refused at once; whoever hangs up takes their instances out of the queue."""

import asyncio
import json
from collections.abc import Iterator, Sequence

import pytest

from foreseen.domain.counters import REJECTED
from foreseen.domain.errors import ModelRestartingError
from foreseen.entrypoints.http.requests.client_disconnect import Client
from foreseen.entrypoints.http.responses.problems import REASONS, STATUSES
from foreseen.entrypoints.http.service.hot_path import HotPath
from support.fakes import HeldPredictor
from support.service import REQUEST_ID, Reply, Service, service, wired_around
from support.stepping import other_tasks, settle

Asked = asyncio.Task[Reply]


@pytest.fixture
def model() -> HeldPredictor:
    return HeldPredictor()


@pytest.fixture(params=["ordinary", "hot"])
def asked(request: pytest.FixtureRequest, model: HeldPredictor) -> Iterator[Service]:
    """A service for which three instances may wait, by both of its routes."""
    with service(wired_around(model, max_waiting=3)) as ordinary:
        hot = HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=100)
        yield ordinary if request.param == "ordinary" else ordinary.behind(hot)


def ask(asked: Service, *lengths: float, client: Client | None = None) -> Asked:
    """Ask for one instance, or for several."""
    rows = [[length, 0] for length in lengths]
    body = {"instances": rows} if len(rows) > 1 else {"length": lengths[0], "width": 0}
    return asyncio.create_task(asked.exchange(parts=[json.dumps(body).encode()], client=client))


async def held(asked: Service, model: HeldPredictor) -> Asked:
    """Keep the model busy with a first instance."""
    first = ask(asked, 0)
    await asyncio.to_thread(model.began.wait, 10)
    return first


async def statuses(*asking: Asked) -> Sequence[int]:
    return [reply.status for reply in await asyncio.gather(*asking)]


def rejected(asked: Service, kind: str, status: int) -> int:
    return int(asked.predict.tally.counts[REJECTED + REASONS.index((kind, status))])


def test_for_the_fourth_there_is_no_room_and_it_is_told_when_to_come_back(asked: Service, model: HeldPredictor) -> None:
    async def overload() -> None:
        first = await held(asked, model)
        waiting = [ask(asked, 1), ask(asked, 2, 3)]
        await settle(50)

        reply = await ask(asked, 4)

        assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
        assert reply.headers["retry-after"] == "1"
        assert reply.cache_status == "foreseen; fwd=bypass"
        assert reply.json() == {
            "type": "urn:foreseen:problem:overloaded",
            "title": "Model queue is full",
            "status": 503,
            "detail": "expected at most 3 instances to wait for the model (max_waiting), got 1 more than the 3 that do",
            "request_id": REQUEST_ID,
        }
        model.free.set()
        assert await statuses(first, *waiting) == [200, 200, 200]

    asked.run(overload())
    assert rejected(asked, "overloaded", 503) == 1
    assert model.rows == 4


def test_what_is_known_and_what_is_on_its_way_is_answered_all_the_same(asked: Service, model: HeldPredictor) -> None:
    async def overload() -> None:
        model.free.set()
        assert await statuses(ask(asked, 8), ask(asked, 9)) == [200, 200]
        model.free.clear()
        model.began.clear()
        first = await held(asked, model)
        waiting = [ask(asked, 1, 2, 3)]
        await settle(50)
        joining = [ask(asked, 2), ask(asked, 0), ask(asked, 1, 3)]
        await settle(50)

        known = await asyncio.gather(ask(asked, 8), ask(asked, 9, 8))

        assert [reply.cache_status for reply in known] == ["foreseen; hit; detail=L1"] * 2
        assert await statuses(ask(asked, 8, 4), ask(asked, 2, 5)) == [503, 503]
        assert not any(task.done() for task in joining)
        model.free.set()
        assert await statuses(first, *waiting, *joining) == [200] * 5

    asked.run(overload())
    assert model.rows == 2 + 1 + 3


def test_a_request_that_is_larger_than_the_limit_is_answered_when_nothing_waits(
    asked: Service, model: HeldPredictor
) -> None:
    model.free.set()

    assert asked.run(statuses_of(asked, range(1, 10))) == [200]
    assert model.rows == 9


async def statuses_of(asked: Service, lengths: Sequence[float]) -> Sequence[int]:
    return await statuses(ask(asked, *lengths))


def test_whoever_hangs_up_takes_their_instances_out_of_the_queue(asked: Service, model: HeldPredictor) -> None:
    async def leave() -> None:
        clients = [Client(lambda: None) for _ in range(2)]
        first = await held(asked, model)
        staying, *leaving = [ask(asked, 1), ask(asked, 1, 2, client=clients[0]), ask(asked, 3, client=clients[1])]
        await settle(50)
        assert asked.predict.waiting == 3

        for client in clients:
            client.leave()
        await settle(50)

        assert asked.predict.waiting == 1
        assert [task.done() for task in leaving] == [True, True]
        model.free.set()
        assert await statuses(first, staying) == [200, 200]
        await asyncio.gather(*leaving)  # which the server would log if it had failed

    asked.run(leave())
    assert model.rows == 2
    assert rejected(asked, "disconnected", 400) == 2
    assert asked.run(tasks_left()) == set()


async def tasks_left() -> set[str]:
    await settle(50)
    return other_tasks()


def test_whoever_has_left_before_it_waits_does_not_begin(asked: Service, model: HeldPredictor) -> None:
    async def leave() -> None:
        client = Client(lambda: None)
        client.leave()
        await ask(asked, 1, client=client)

    asked.run(leave())
    assert model.rows == 0


def test_a_client_is_listened_to_while_it_waits(asked: Service, model: HeldPredictor) -> None:
    """A server stops reading from who sends much, and would not hear that they leave."""
    heard: list[int] = []
    model.free.set()

    asked.run(statuses_with(asked, Client(lambda: heard.append(1))))

    assert heard == [1]


async def statuses_with(asked: Service, client: Client) -> Sequence[int]:
    return await statuses(ask(asked, 1, client=client))


def test_a_computation_that_has_begun_is_joined_though_who_wanted_it_has_left(
    asked: Service, model: HeldPredictor
) -> None:
    async def come_back() -> None:
        client = Client(lambda: None)
        first = ask(asked, 0, client=client)
        await asyncio.to_thread(model.began.wait, 10)
        client.leave()
        await first

        again = ask(asked, 0)
        await settle(50)
        model.free.set()

        assert (await again).cache_status == "foreseen; fwd=miss; collapsed"

    asked.run(come_back())
    assert model.rows == 1


def test_every_status_that_an_error_has_is_counted_by_its_type() -> None:
    assert {(kind, status) for status, kind, _ in STATUSES.values()} <= set(REASONS)


def test_a_model_that_restarts_is_a_503_that_says_when_and_is_not_logged_by_request(
    asked: Service, model: HeldPredictor, caplog: pytest.LogCaptureFixture
) -> None:
    model.error = ModelRestartingError("another one could not start", 2.5)
    model.free.set()

    reply = asked.get(length=1, width=2)

    assert (reply.status, reply.headers["retry-after"], reply.json()["title"]) == (503, "3", "No model is loaded")
    assert caplog.messages == []
