"""So many requests of one caller, and no more; others do not wait for it."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from throttled import utils

from foreseen.entrypoints.http.middleware import rate_limit
from foreseen.entrypoints.http.middleware.rate_limit import RateLimit
from foreseen.entrypoints.http.service.application import create_service
from support.fakes import Clock, FakePredictor
from support.in_process_service import Reply, Service, service, wired_around

KEYS = {"api_keys": tuple(sha256(key).hexdigest() for key in (b"alice", b"bob"))}
FLOWER = b"length=1&width=2"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that rates are measured by."""
    moved = Clock()
    monkeypatch.setattr(utils, "now_mono_f", moved)
    return moved


@contextmanager
def serving(**settings: Any) -> Iterator[Service]:
    wiring = wired_around(FakePredictor(), **settings)
    with service(wiring) as served:
        yield served.behind(create_service(wiring))


def ask(served: Service, key: str = "alice", path: str = "/predict") -> Reply:
    return served.send("GET", path, query=FLOWER, headers={"authorization": f"Bearer {key}"})


def test_requests_are_served_up_to_the_rate(clock: Clock) -> None:
    with serving(rate_limit="3/minute") as served:
        assert [ask(served).status for _ in range(3)] == [200, 200, 200]
        reply = ask(served)

    assert reply.status == 429
    assert reply.headers["retry-after"] == "20"
    assert reply.headers["ratelimit-policy"] == '"requests";q=3;w=60'
    assert reply.headers["ratelimit"] == '"requests";r=0;t=20'
    assert reply.json()["type"] == "urn:foreseen:problem:too-many-requests"
    assert reply.json()["detail"] == "expected at most 3 requests a minute (rate_limit), got more"


def test_a_caller_that_waits_as_advised_is_served_once(clock: Clock) -> None:
    with serving(rate_limit="3/minute") as served:
        for _ in range(3):
            ask(served)
        clock.pass_s(19.9)
        assert ask(served).status == 429
        clock.pass_s(0.2)
        assert [ask(served).status for _ in range(2)] == [200, 429]


def test_a_caller_has_all_of_it_again_after_a_while(clock: Clock) -> None:
    with serving(rate_limit="3/minute") as served:
        for _ in range(4):
            ask(served)
        clock.pass_s(60)

        assert [ask(served).status for _ in range(4)] == [200, 200, 200, 429]


def test_a_key_has_a_rate_of_its_own(clock: Clock) -> None:
    with serving(rate_limit="1/hour", **KEYS) as served:
        assert [ask(served, key).status for key in ("alice", "bob", "alice", "bob")] == [200, 200, 429, 429]


def test_unauthorized_callers_use_up_no_rate_of_others(clock: Clock) -> None:
    with serving(rate_limit="1/hour", **KEYS) as served:
        assert [ask(served, key).status for key in ("mallory", "mallory", "alice")] == [401, 401, 200]


def test_each_address_has_its_own_rate_whatever_its_headers(clock: Clock) -> None:
    with serving(rate_limit="1/hour") as served:
        assert [ask(served, key).status for key in ("one", "another")] == [200, 429]


def test_health_checks_have_no_rate_limit(clock: Clock) -> None:
    with serving(rate_limit="1/hour") as served:
        assert [ask(served, path="/readyz").status for _ in range(3)] == [200, 200, 200]


def test_it_is_counted_as_rejected(clock: Clock) -> None:
    with serving(rate_limit="2/day") as served:
        for _ in range(4):
            ask(served)
        counted = served.predict.tally

        assert (counted.hits_l1, counted.misses) == (1, 1)
        clock.pass_s(86400)
        assert (
            b'rejected_requests_total{status="429",type="too-many-requests"} 2.0' in ask(served, path="/metrics").body
        )


def test_beyond_the_remembered_callers_the_oldest_start_again(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MOST_CALLERS", 2)
    with service(wired_around(FakePredictor())) as served:
        limited = RateLimit(Response("done"), served.predict.tally, "1/hour")
        sent = [_from(served, limited, client) for client in ("1.1.1.1", "2.2.2.2", "3.3.3.3", "3.3.3.3")]
        assert sent == [200, 200, 200, 429]

        clients = ("1.1.1.1", "3.3.3.3", "2.2.2.2")

        # The first was forgotten for the third, and by coming back it has the second forgotten.
        assert [_from(served, limited, client) for client in clients] == [200, 429, 200]


def test_each_ipv4_client_of_a_dual_stack_is_a_caller(clock: Clock) -> None:
    with serving() as served:
        limited = RateLimit(Response("done"), served.predict.tally, "1/hour")
        clients = (
            "::ffff:192.0.2.1",
            "::ffff:192.0.2.2",
            "192.0.2.1",
            "64:ff9b::c000:202",
            "2001:db8::1",
            "2001:db8::2",
        )

        assert [_from(served, limited, client) for client in clients] == [200, 200, 429, 429, 200, 429]


def test_it_is_off_by_default(clock: Clock) -> None:
    with serving() as served:
        assert {ask(served).status for _ in range(50)} == {200}


def _from(served: Service, limited: RateLimit, client: str) -> int:
    def moved(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return limited({**scope, "client": (client, 1)}, receive, send)

    return served.behind(moved).send("GET").status
