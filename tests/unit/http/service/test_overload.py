"""What is beyond the model's queue is rejected at once; a disconnected client takes its instances out of it."""

import asyncio
import json
from collections.abc import Iterator, Sequence

import pytest

from foreseen.domain.counters import REJECTED
from foreseen.domain.errors import ModelRestartingError
from foreseen.entrypoints.http.requests.request_wait import Client
from foreseen.entrypoints.http.responses.problems import REASONS, STATUSES
from foreseen.entrypoints.http.service.hot_path import HotPath
from support.event_loop_steps import other_tasks, settle
from support.fakes import HeldPredictor
from support.in_process_service import REQUEST_ID, Reply, Service, service, wired_around

Pending = asyncio.Task[Reply]


@pytest.fixture
def model() -> HeldPredictor:
    return HeldPredictor()


@pytest.fixture(params=["ordinary", "hot"])
def served(request: pytest.FixtureRequest, model: HeldPredictor) -> Iterator[Service]:
    """A service for which three instances may wait, by both of its routes."""
    with service(wired_around(model, max_waiting=3)) as ordinary:
        hot = HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=100)
        yield ordinary if request.param == "ordinary" else ordinary.behind(hot)


def ask(served: Service, *lengths: float, client: Client | None = None) -> Pending:
    """Request one instance, or several."""
    rows = [[length, 0] for length in lengths]
    body = {"instances": rows} if len(rows) > 1 else {"length": lengths[0], "width": 0}
    return asyncio.create_task(served.exchange(parts=[json.dumps(body).encode()], client=client))


async def held(served: Service, model: HeldPredictor) -> Pending:
    """Keep the model busy with a first instance."""
    first = ask(served, 0)
    await asyncio.to_thread(model.began.wait, 10)
    return first


async def statuses(*asking: Pending) -> Sequence[int]:
    return [reply.status for reply in await asyncio.gather(*asking)]


def rejected(served: Service, kind: str, status: int) -> int:
    return int(served.predict.tally.counts[REJECTED + REASONS.index((kind, status))])


def test_a_request_beyond_the_queue_is_rejected_with_retry_after(served: Service, model: HeldPredictor) -> None:
    async def overload() -> None:
        first = await held(served, model)
        waiting = [ask(served, 1), ask(served, 2, 3)]
        await settle(50)

        reply = await ask(served, 4)

        assert (reply.status, reply.headers["content-type"]) == (503, "application/problem+json")
        assert reply.headers["retry-after"] == "1"
        assert reply.cache_status == "foreseen; fwd=bypass"
        assert reply.json() == {
            "type": "urn:foreseen:problem:overloaded",
            "title": "Model queue is full",
            "status": 503,
            "detail": "expected at most 3 instances to wait for the model (max_waiting), got 1 in addition to 3",
            "request_id": REQUEST_ID,
        }
        model.free.set()
        assert await statuses(first, *waiting) == [200, 200, 200]

    served.run(overload())
    assert rejected(served, "overloaded", 503) == 1
    assert model.rows == 4


def test_hits_and_coalesced_requests_are_answered_under_overload(served: Service, model: HeldPredictor) -> None:
    async def overload() -> None:
        model.free.set()
        assert await statuses(ask(served, 8), ask(served, 9)) == [200, 200]
        model.free.clear()
        model.began.clear()
        first = await held(served, model)
        waiting = [ask(served, 1, 2, 3)]
        await settle(50)
        joining = [ask(served, 2), ask(served, 0), ask(served, 1, 3)]
        await settle(50)

        known = await asyncio.gather(ask(served, 8), ask(served, 9, 8))

        assert [reply.cache_status for reply in known] == ["foreseen; hit; detail=L1"] * 2
        assert await statuses(ask(served, 8, 4), ask(served, 2, 5)) == [503, 503]
        assert not any(task.done() for task in joining)
        model.free.set()
        assert await statuses(first, *waiting, *joining) == [200] * 5

    served.run(overload())
    assert model.rows == 2 + 1 + 3


def test_an_empty_queue_answers_a_request_beyond_the_limit(served: Service, model: HeldPredictor) -> None:
    model.free.set()

    assert served.run(statuses_of(served, range(1, 10))) == [200]
    assert model.rows == 9


async def statuses_of(served: Service, lengths: Sequence[float]) -> Sequence[int]:
    return await statuses(ask(served, *lengths))


def test_a_disconnected_client_takes_its_instances_out_of_the_queue(served: Service, model: HeldPredictor) -> None:
    async def leave() -> None:
        clients = [Client(lambda: None) for _ in range(2)]
        first = await held(served, model)
        staying, *leaving = [ask(served, 1), ask(served, 1, 2, client=clients[0]), ask(served, 3, client=clients[1])]
        await settle(50)
        assert served.predict.waiting == 3

        for client in clients:
            client.leave()
        await settle(50)

        assert served.predict.waiting == 1
        assert [task.done() for task in leaving] == [True, True]
        model.free.set()
        assert await statuses(first, staying) == [200, 200]
        await asyncio.gather(*leaving)  # which the server would log if it had failed

    served.run(leave())
    assert model.rows == 2
    assert rejected(served, "disconnected", 400) == 2
    assert served.run(tasks_left()) == set()


async def tasks_left() -> set[str]:
    await settle(50)
    return other_tasks()


def test_a_client_that_left_before_queueing_does_not_begin(served: Service, model: HeldPredictor) -> None:
    async def leave() -> None:
        client = Client(lambda: None)
        client.leave()
        await ask(served, 1, client=client)

    served.run(leave())
    assert model.rows == 0


def test_a_client_is_listened_to_while_it_waits(served: Service, model: HeldPredictor) -> None:
    """A server stops reading from who sends much, and would not hear that they leave."""
    heard: list[int] = []
    model.free.set()

    served.run(statuses_with(served, Client(lambda: heard.append(1))))

    assert heard == [1]


async def statuses_with(served: Service, client: Client) -> Sequence[int]:
    return await statuses(ask(served, 1, client=client))


def test_an_abandoned_running_computation_is_joined(served: Service, model: HeldPredictor) -> None:
    async def come_back() -> None:
        client = Client(lambda: None)
        first = ask(served, 0, client=client)
        await asyncio.to_thread(model.began.wait, 10)
        client.leave()
        await first

        again = ask(served, 0)
        await settle(50)
        model.free.set()

        assert (await again).cache_status == "foreseen; fwd=miss; collapsed"

    served.run(come_back())
    assert model.rows == 1


def test_every_status_of_an_error_is_counted_by_its_type() -> None:
    assert {(kind, status) for status, kind, _ in STATUSES.values()} <= set(REASONS)


def test_a_restarting_model_is_a_503_with_retry_after(
    served: Service, model: HeldPredictor, caplog: pytest.LogCaptureFixture
) -> None:
    model.error = ModelRestartingError("another one could not start", 2.5)
    model.free.set()

    reply = served.get(length=1, width=2)

    assert (reply.status, reply.headers["retry-after"], reply.json()["title"]) == (503, "3", "No model is loaded")
    assert caplog.messages == []
