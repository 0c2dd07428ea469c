"""A request waits no longer than it may: by the setting, or by what its header shortens that to."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.counters import REJECTED
from foreseen.entrypoints.http.responses.problems import REASONS
from foreseen.entrypoints.http.service.hot_path import HotPath
from support.event_loop_steps import settle
from support.example_counts import examples
from support.fakes import FakePredictor, HeldPredictor
from support.in_process_service import JSON, Reply, Service, service, wired_around
from support.time_limits import PATIENCE_S

Asked = asyncio.Task[Reply]


@pytest.fixture
def model() -> Iterator[HeldPredictor]:
    model = HeldPredictor()
    yield model
    model.free.set()


@pytest.fixture(params=["ordinary", "hot"])
def client(request: pytest.FixtureRequest, model: HeldPredictor) -> Iterator[Service]:
    with service(wired_around(model, timeout=60)) as ordinary:
        try:
            yield by(request.param, ordinary, longest_s=60)
        finally:
            model.free.set()


def by(route: str, ordinary: Service, *, longest_s: float) -> Service:
    hot = HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=100, longest_s=longest_s)
    return ordinary if route == "ordinary" else ordinary.behind(hot)


def ask(client: Service, length: float, **headers: str) -> Asked:
    body = json.dumps({"length": length, "width": 0}).encode()
    return asyncio.create_task(client.exchange(parts=[body], headers=JSON | with_dashes(headers)))


def with_dashes(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def test_an_expired_request_fails_and_the_coalesced_one_is_answered(client: Service, model: HeldPredictor) -> None:
    async def ask_twice() -> None:
        first, hurried, patient = ask(client, 0), ask(client, 0, request_timeout="0.02"), ask(client, 0)

        reply = await hurried

        assert (reply.status, reply.headers["content-type"]) == (504, "application/problem+json")
        assert reply.json()["type"] == "urn:foreseen:problem:timeout"
        assert reply.cache_status == "foreseen; fwd=bypass"
        assert "retry-after" not in reply.headers
        assert not first.done()
        model.free.set()
        assert [(await task).status for task in (first, patient)] == [200, 200]

    client.run(ask_twice())
    assert model.rows == 1
    assert client.predict.tally.counts[REJECTED + REASONS.index(("timeout", 504))] == 1


def test_a_queued_request_leaves_the_queue_at_its_deadline(client: Service, model: HeldPredictor) -> None:
    async def ask_many() -> None:
        first = ask(client, 0)
        await asyncio.to_thread(model.began.wait, PATIENCE_S)
        hurried = [ask(client, length, request_timeout="0.02") for length in (1, 2, 3)]
        await settle(50)

        assert [(await task).status for task in hurried] == [504] * 3
        assert client.predict.waiting == 0
        model.free.set()
        assert (await first).status == 200

    client.run(ask_many())
    assert model.rows == 1


@pytest.mark.parametrize("route", ["ordinary", "hot"])
def test_the_header_shortens_the_time_and_never_lengthens_it(route: str, model: HeldPredictor) -> None:
    with service(wired_around(model, timeout=0.05)) as ordinary:
        client = by(route, ordinary, longest_s=0.05)

        async def wait() -> list[int]:
            return [(await ask(client, 1)).status, (await ask(client, 2, request_timeout="1000")).status]

        assert client.run(wait()) == [504, 504]  # which the model, still held, would make a 500 in the end
        model.free.set()


def test_a_hit_is_answered_whatever_its_deadline(client: Service, model: HeldPredictor) -> None:
    async def ask_again() -> list[Reply]:
        model.free.set()
        await ask(client, 1)
        model.free.clear()
        return [await ask(client, 1, request_timeout="0"), await ask(client, 2, request_timeout="0")]

    replies = client.run(ask_again())

    assert [reply.status for reply in replies] == [200, 504]
    assert replies[0].cache_status == "foreseen; hit; detail=L1"


def test_a_directive_to_recompute_has_the_same_deadline(client: Service, model: HeldPredictor) -> None:
    async def wait() -> int:
        return (await ask(client, 1, request_timeout="0.02", cache_control="no-cache")).status

    assert client.run(wait()) == 504


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Service, Service]]:
    with service(wired_around(FakePredictor())) as ordinary:
        yield ordinary, by("hot", ordinary, longest_s=30)


MALFORMED = ["", " ", "-1", "+1", "1e3", "1.", ".5", "1s", "250m", "0x1", "1,5", "1, 2", "inf", "nan", "1" * 10, "٣"]


@pytest.mark.parametrize("value", MALFORMED)
@pytest.mark.parametrize("asked_by", [{"method": "GET", "query": b"length=1&width=2"}, {"method": "POST"}], ids=repr)
def test_an_invalid_timeout_is_rejected_on_hits_and_misses(
    both: tuple[Service, Service], value: str, asked_by: dict[str, Any]
) -> None:
    if asked_by["method"] == "POST":
        asked_by = {**asked_by, "parts": [b'{"length": 1, "width": 2}']}
    given = value.encode().decode("latin-1")
    for client in both:
        assert client.send(**asked_by).status == 200

        reply = client.send(**asked_by, headers=JSON | {"request-timeout": given})

        assert reply.status == 400
        assert reply.json()["type"] == "urn:foreseen:problem:invalid-timeout"
        assert reply.json()["detail"] == f"expected Request-Timeout to be seconds such as 2 or 0.25, got {given}"


TIMEOUTS = st.sampled_from([*MALFORMED[:-1], "1", "0.5", "30", "999999999", "000.000000001"])


@settings(max_examples=examples(75), deadline=None)
@given(TIMEOUTS | st.text(st.characters(max_codepoint=255), max_size=12), st.integers(0, 5), st.booleans())
def test_both_routes_read_the_header_alike(
    both: tuple[Service, Service], value: str, length: int, by_get: bool
) -> None:
    body = json.dumps({"length": length, "width": 0}).encode()
    sent: dict[str, Any] = {"query": b"length=%d&width=0" % length} if by_get else {"parts": [body]}
    method = "GET" if by_get else "POST"
    both[0].send(method, **sent)

    ordinary, hot = (client.send(method, **sent, headers=JSON | {"request-timeout": value}) for client in both)

    assert (hot.status, hot.headers, hot.body) == (ordinary.status, ordinary.headers, ordinary.body)
