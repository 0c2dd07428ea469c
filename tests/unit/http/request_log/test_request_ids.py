"""How one request is found again: by an id in its answer, in its problem document and in its log lines."""

import asyncio
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from foreseen.entrypoints.http.request_log.request_context import context_of
from foreseen.entrypoints.http.request_log.request_ids import accepted, made, only_traceparent, trace_id
from foreseen.entrypoints.http.responses.problems import Rejection, rejected_unread
from foreseen.entrypoints.http.service.application import create_service
from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings
from support.command_in_process import own_logs
from support.fakes import FakePredictor
from support.in_process_service import JSON, Reply, Service, service, wired_around

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
QUERY = b"length=1&width=2"


@pytest.fixture
def fake() -> FakePredictor:
    return FakePredictor()


@pytest.fixture
def served(fake: FakePredictor) -> Iterator[Service]:
    """The service as it is served."""
    wiring = wired_around(fake, rate_limit="1000/second", admin_keys=("0" * 64,))
    with service(wiring) as client:
        yield client.behind(create_service(wiring))


@contextmanager
def json_logs() -> Iterator[None]:
    """Logs as JSON, on standard error."""
    with own_logs():
        configure_logs(Settings(log_format="json"))
        yield


def ask(served: Service, request_id: str = "mine", **headers: str) -> Reply:
    return served.send("GET", query=QUERY, headers={"x-request-id": request_id, **headers})


def answers(served: Service, fake: FakePredictor, headers: dict[str, str]) -> list[Reply]:
    """One answer of each layer that gives some: computed, known, ordinary, a page, and those that reject."""
    replies = [served.send("GET", query=QUERY, headers=headers) for _ in range(2)]
    replies.append(served.send("GET", query=QUERY, headers={**headers, "cache-control": "max-age=60"}))
    replies += [served.send("GET", path, headers=headers) for path in ("/model", "/nothing", "/docs/assets/none.js")]
    replies.append(served.send("PUT", headers=headers))
    replies.append(served.send("POST", parts=[b"{"], headers={**JSON, **headers}))
    replies.append(served.send("POST", "/admin/reload", headers=headers))
    fake.error = ZeroDivisionError("a fault of the service itself")
    replies.append(served.send("GET", query=b"length=3&width=4", headers=headers))
    replies.append(served.send("GET", query=b"length=3&width=4", headers={**headers, "cache-control": "no-cache"}))
    return replies


STATUSES = [200, 200, 200, 200, 404, 404, 405, 400, 401, 500, 500]


def test_every_layer_answers_with_the_id_that_came(served: Service, fake: FakePredictor) -> None:
    replies = answers(served, fake, {"x-request-id": "01J-abc.7:x/Z+=@~_"})

    assert [reply.status for reply in replies] == STATUSES
    assert {reply.headers["x-request-id"] for reply in replies} == {"01J-abc.7:x/Z+=@~_"}
    problems = [reply.json() for reply in replies if reply.status >= 400]
    assert {problem["request_id"] for problem in problems} == {"01J-abc.7:x/Z+=@~_"}
    assert not any("trace_id" in problem for problem in problems)


def test_an_id_is_made_where_none_can_be_repeated(served: Service, fake: FakePredictor) -> None:
    replies = answers(served, fake, {"x-request-id": "no id"})

    ids = [reply.headers["x-request-id"] for reply in replies]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)
    assert all(reply.json()["request_id"] == reply.headers["x-request-id"] for reply in replies if reply.status >= 400)


FORGING = ["", " ", "a b", "a\tb", "a\x1b[31m", "a\x85", '"', "a;b", "a,b", "<b>", "{}", "é", "a\\nb", "a" * 129]


@pytest.mark.parametrize("given", FORGING, ids=ascii)
def test_an_id_that_could_forge_output_is_replaced(given: str) -> None:
    assert re.fullmatch(b"[0-9a-f]{32}", accepted(given.encode("latin-1")))


def test_an_id_of_128_characters_is_repeated() -> None:
    assert accepted(b"a" * 128) == b"a" * 128


def test_made_ids_are_never_the_same() -> None:
    assert len({made() for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([TRACEPARENT], TRACE),
        ([f"cc-{TRACE}-00f067aa0ba902b7-01-of-a-later-version"], TRACE),
        ([f"00-{TRACE}-00f067aa0ba902b7-01-more"], None),
        ([f"ff-{TRACE}-00f067aa0ba902b7-01"], None),
        ([f"00-{'0' * 32}-00f067aa0ba902b7-01"], None),
        ([f"00-{TRACE}-{'0' * 16}-01"], None),
        ([TRACEPARENT.upper()], None),
        ([TRACEPARENT, TRACEPARENT], None),
        ([""], None),
        ([], None),
    ],
)
def test_a_trace_is_read_as_its_standard_has_it(values: list[str], found: str | None) -> None:
    assert trace_id([(b"traceparent", value.encode()) for value in values]) == found


def test_several_traces_are_logged_as_none() -> None:
    assert only_traceparent([(b"traceparent", b"one"), (b"x", b"two")]) == b"one"
    assert only_traceparent([(b"traceparent", b"one"), (b"traceparent", b"two")]) is None


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_log_lines_name_their_request_and_its_trace(
    served: Service, fake: FakePredictor, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.error = ZeroDivisionError("by nothing")

    with json_logs():
        reply = ask(served, "one", traceparent=TRACEPARENT)
        served.send("POST", parts=[b'{"length":1,"width":2}'], headers={**JSON, "x-request-id": "two"})

    lines = [(line["request_id"], line.get("trace_id")) for line in logged(capsys)]
    assert lines == [("one", TRACE), ("two", None)]
    assert (reply.json()["request_id"], reply.json()["trace_id"]) == ("one", TRACE)
    assert "traceparent" not in reply.headers  # a request's alone


def test_a_task_that_outlives_its_request_logs_no_id(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("foreseen")
    scope = {"type": "http", "path": "/", "headers": [(b"x-request-id", b"mine")]}

    async def send(_: object) -> None:
        log.info("sent")

    async def request(go_on: asyncio.Event) -> None:
        around = context_of(scope).around(send)
        outliving.append(asyncio.create_task(later(go_on)))
        await around({"type": "http.response.start", "status": 500})
        await around({"type": "http.response.body", "body": b""})
        log.info("why it failed")

    async def later(go_on: asyncio.Event) -> None:
        await go_on.wait()
        log.info("of others")

    async def all_of_it() -> None:
        go_on = asyncio.Event()
        await asyncio.create_task(request(go_on))
        go_on.set()
        await outliving[0]

    outliving: list[asyncio.Task[None]] = []
    with json_logs():
        asyncio.run(all_of_it())

    ids = [(line["event"], line.get("request_id")) for line in logged(capsys)]
    assert ids == [("sent", "mine"), ("sent", "mine"), ("why it failed", "mine"), ("of others", None)]


def test_a_request_rejected_by_its_head_has_an_id() -> None:
    body, _media_type, (name, value) = rejected_unread(
        Rejection(400, "malformed", "The request is malformed", "…"), None
    )

    assert name == b"x-request-id"
    assert json.loads(body)["request_id"] == value.decode()
