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
from support.effort import examples
from support.fakes import FakePredictor, HeldPredictor
from support.patience import PATIENCE_S
from support.service import JSON, Reply, Service, service, wired_around
from support.stepping import settle

Asked = asyncio.Task[Reply]


@pytest.fixture
def model() -> Iterator[HeldPredictor]:
    model = HeldPredictor()
    yield model
    model.free.set()


@pytest.fixture(params=["ordinary", "hot"])
def asked(request: pytest.FixtureRequest, model: HeldPredictor) -> Iterator[Service]:
    with service(wired_around(model, timeout=60)) as ordinary:
        try:
            yield by(request.param, ordinary, longest_s=60)
        finally:
            model.free.set()


def by(route: str, ordinary: Service, *, longest_s: float) -> Service:
    hot = HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=100, longest_s=longest_s)
    return ordinary if route == "ordinary" else ordinary.behind(hot)


def ask(asked: Service, length: float, **headers: str) -> Asked:
    body = json.dumps({"length": length, "width": 0}).encode()
    return asyncio.create_task(asked.exchange(parts=[body], headers=JSON | with_dashes(headers)))


def with_dashes(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def test_whose_time_is_over_is_told_so_and_another_who_waits_for_the_same_is_answered(
    asked: Service, model: HeldPredictor
) -> None:
    async def ask_twice() -> None:
        first, hurried, patient = ask(asked, 0), ask(asked, 0, request_timeout="0.02"), ask(asked, 0)

        reply = await hurried

        assert (reply.status, reply.headers["content-type"]) == (504, "application/problem+json")
        assert reply.json()["type"] == "urn:foreseen:problem:timeout"
        assert reply.cache_status == "foreseen; fwd=bypass"
        assert "retry-after" not in reply.headers
        assert not first.done()
        model.free.set()
        assert [(await task).status for task in (first, patient)] == [200, 200]

    asked.run(ask_twice())
    assert model.rows == 1
    assert asked.predict.tally.counts[REJECTED + REASONS.index(("timeout", 504))] == 1


def test_what_waits_in_the_queue_leaves_it_when_its_time_is_over(asked: Service, model: HeldPredictor) -> None:
    async def ask_many() -> None:
        first = ask(asked, 0)
        await asyncio.to_thread(model.began.wait, PATIENCE_S)
        hurried = [ask(asked, length, request_timeout="0.02") for length in (1, 2, 3)]
        await settle(50)

        assert [(await task).status for task in hurried] == [504] * 3
        assert asked.predict.waiting == 0
        model.free.set()
        assert (await first).status == 200

    asked.run(ask_many())
    assert model.rows == 1


@pytest.mark.parametrize("route", ["ordinary", "hot"])
def test_the_header_shortens_the_time_and_never_lengthens_it(route: str, model: HeldPredictor) -> None:
    with service(wired_around(model, timeout=0.05)) as ordinary:
        asked = by(route, ordinary, longest_s=0.05)

        async def wait() -> list[int]:
            return [(await ask(asked, 1)).status, (await ask(asked, 2, request_timeout="1000")).status]

        assert asked.run(wait()) == [504, 504]  # which the model, still held, would make a 500 in the end
        model.free.set()


def test_what_is_known_is_answered_in_no_time(asked: Service, model: HeldPredictor) -> None:
    async def ask_again() -> list[Reply]:
        model.free.set()
        await ask(asked, 1)
        model.free.clear()
        return [await ask(asked, 1, request_timeout="0"), await ask(asked, 2, request_timeout="0")]

    replies = asked.run(ask_again())

    assert [reply.status for reply in replies] == [200, 504]
    assert replies[0].cache_status == "foreseen; hit; detail=L1"


def test_a_directive_to_compute_anew_waits_no_longer_either(asked: Service, model: HeldPredictor) -> None:
    async def wait() -> int:
        return (await ask(asked, 1, request_timeout="0.02", cache_control="no-cache")).status

    assert asked.run(wait()) == 504


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Service, Service]]:
    with service(wired_around(FakePredictor())) as ordinary:
        yield ordinary, by("hot", ordinary, longest_s=30)


MALFORMED = ["", " ", "-1", "+1", "1e3", "1.", ".5", "1s", "250m", "0x1", "1,5", "1, 2", "inf", "nan", "1" * 10, "٣"]


@pytest.mark.parametrize("value", MALFORMED)
@pytest.mark.parametrize("asked_by", [{"method": "GET", "query": b"length=1&width=2"}, {"method": "POST"}], ids=repr)
def test_what_is_no_number_of_seconds_is_the_clients_fault_known_or_not(
    both: tuple[Service, Service], value: str, asked_by: dict[str, Any]
) -> None:
    if asked_by["method"] == "POST":
        asked_by = {**asked_by, "parts": [b'{"length": 1, "width": 2}']}
    given = value.encode().decode("latin-1")
    for asked in both:
        assert asked.send(**asked_by).status == 200

        reply = asked.send(**asked_by, headers=JSON | {"request-timeout": given})

        assert reply.status == 400
        assert reply.json()["type"] == "urn:foreseen:problem:invalid-timeout"
        assert reply.json()["detail"] == f"expected Request-Timeout to be seconds such as 2 or 0.25, got {given}"


TIMEOUTS = st.sampled_from([*MALFORMED[:-1], "1", "0.5", "30", "999999999", "000.000000001"])


@settings(max_examples=examples(150), deadline=None)
@given(TIMEOUTS | st.text(st.characters(max_codepoint=255), max_size=12), st.integers(0, 5), st.booleans())
def test_both_routes_read_the_header_alike(
    both: tuple[Service, Service], value: str, length: int, by_get: bool
) -> None:
    body = json.dumps({"length": length, "width": 0}).encode()
    sent: dict[str, Any] = {"query": b"length=%d&width=0" % length} if by_get else {"parts": [body]}
    method = "GET" if by_get else "POST"
    both[0].send(method, **sent)

    ordinary, hot = (asked.send(method, **sent, headers=JSON | {"request-timeout": value}) for asked in both)

    assert (hot.status, hot.headers, hot.body) == (ordinary.status, ordinary.headers, ordinary.body)
