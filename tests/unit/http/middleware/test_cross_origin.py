"""Pages of other sites: which may read answers, and what none of them may do."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from typing import Any

import pytest
from starlette.responses import Response

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.middleware.cross_origin import EXPOSED, AllowedOrigins, CrossOrigin
from foreseen.entrypoints.http.service.application import create_service
from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings, SettingsError
from support.command_in_process import own_logs
from support.fakes import FakePredictor
from support.in_process_service import Reply, Service, service, wired_around

FLOWER = b"length=1&width=2"
ORIGIN = "https://a.example"
OTHERS = ["https://b.example", "http://a.example", "https://a.example:444", "https://x.a.example", "null", "",
          "https://a.example.evil.example"]  # fmt: skip

Serving = Callable[..., AbstractContextManager[Service]]


async def _reload() -> tuple[str, str]:
    return "before", "after"


@contextmanager
def serving(**settings: Any) -> Iterator[Service]:
    wiring = wired_around(FakePredictor(), **{"allowed_origins": ORIGIN} | settings)
    with service(wiring) as client:
        yield client.behind(create_service(wiring, reload=_reload))


def ask(client: Service, origin: str = ORIGIN, path: str = "/predict", **headers: str) -> Reply:
    return client.send("GET", path, query=FLOWER, headers={"origin": origin, **headers})


def preflight(client: Service, origin: str = ORIGIN, path: str = "/predict", **headers: str) -> Reply:
    given = {"origin": origin, "access-control-request-method": "POST"}
    return client.send(
        "OPTIONS", path, headers=given | {name.replace("_", "-"): value for name, value in headers.items()}
    )


def test_a_page_of_an_allowed_origin_may_read_an_answer() -> None:
    with serving() as client:
        for reply in (ask(client), ask(client)):  # a miss and a hit
            assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, ORIGIN)
            assert reply.headers["access-control-expose-headers"] == ", ".join(EXPOSED)
            assert "Origin" in reply.headers["vary"]
            assert "access-control-allow-credentials" not in reply.headers
        assert reply.cache_status == "foreseen; hit; detail=L1"


def test_a_page_of_another_origin_may_not() -> None:
    with serving() as client:
        for origin in OTHERS:
            for reply in (ask(client, origin), preflight(client, origin)):
                assert "access-control-allow-origin" not in reply.headers
                assert "Origin" in reply.headers["vary"]
            assert (reply.status, reply.json()["type"]) == (403, "urn:foreseen:problem:forbidden")


@pytest.mark.parametrize(
    ("settings", "path", "status"),
    [
        ({}, "/nothing", 404),
        ({"api_keys": sha256(b"key").hexdigest()}, "/predict", 401),
        ({"rate_limit": "1/hour"}, "/model", 429),
        ({"allowed_hosts": "b.example"}, "/model", 421),
    ],
    ids=["unknown path", "no key", "too many", "another host"],
)
def test_it_may_read_why_a_request_was_rejected(settings: dict[str, Any], path: str, status: int) -> None:
    with serving(host="0.0.0.0", **settings) as client:
        ask(client, path=path)
        reply = ask(client, path=path, host="a.example")

    assert (reply.status, reply.headers["access-control-allow-origin"]) == (status, ORIGIN)


def test_a_preflight_needs_no_key_and_allows_any_field() -> None:
    with serving(api_keys=sha256(b"key").hexdigest(), rate_limit="1/hour") as client:
        for _ in range(3):
            reply = preflight(client, access_control_request_headers="authorization, content-type, x-made-up")

            assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, ORIGIN)
            assert reply.headers["access-control-allow-headers"] == "authorization, content-type, x-made-up"
            assert reply.headers["access-control-allow-methods"] == "GET, HEAD, POST"


@pytest.mark.parametrize(("origin", "status"), [(ORIGIN, "200"), ("https://b.example", "403")])
def test_a_preflight_has_an_id_a_count_and_a_line(origin: str, status: str, capsys: pytest.CaptureFixture[str]) -> None:
    with own_logs():
        configure_logs(Settings(log_format="json"))
        with serving(access_log="on") as client:
            reply = preflight(client, origin, path="/model", x_request_id="its-own")
            counts = client.send("GET", "/metrics").body.decode()

    assert reply.headers["x-request-id"] == "its-own"
    assert f'foreseen_requests_total{{route="/model",status="{status}"}} 1.0' in counts
    assert 'route="unread"' not in counts
    assert ('foreseen_rejected_requests_total{status="403",type="forbidden"} 1.0' in counts) is (status == "403")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    line = next(line for line in lines if line.get("method") == "OPTIONS")
    assert (line["path"], str(line["status"]), line["request_id"]) == ("/model", status, "its-own")


def test_options_that_is_no_preflight_is_passed_on() -> None:
    with serving() as client:
        reply = client.send("OPTIONS", "/model", headers={"origin": ORIGIN})

    assert (reply.status, reply.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert reply.headers["access-control-allow-origin"] == ORIGIN


def test_a_page_of_the_internet_may_reach_a_private_network() -> None:
    with serving() as client:
        reply = preflight(client, access_control_request_private_network="true")

        assert (reply.status, reply.headers["access-control-allow-private-network"]) == (200, "true")


def test_a_preflight_for_another_method_is_rejected_by_a_problem() -> None:
    with serving() as client:
        reply = preflight(client, access_control_request_method="DELETE")

    assert reply.json()["detail"] == "expected a method of GET, HEAD, POST, got DELETE"


@pytest.mark.parametrize("origins", [ORIGIN, "*"])
def test_no_page_may_reload_without_a_key(origins: str) -> None:
    with serving(allowed_origins=origins) as client:
        assert client.send("POST", "/admin/reload", headers={"origin": ORIGIN}).status == 403
        assert client.send("POST", "/admin/reload", headers={}).status == 200
    with serving(allowed_origins=origins, admin_keys=sha256(b"key").hexdigest()) as client:
        keyed = {"origin": ORIGIN, "authorization": "Bearer key"}
        assert client.send("POST", "/admin/reload", headers=keyed).status == 200


@pytest.mark.parametrize(
    ("allowed", "origin", "is_allowed"),
    [
        ("*", "https://b.example", True),
        ("*", "null", True),
        ("https://*.a.example", "https://x.y.a.example", True),
        ("https://*.a.example", "https://a.example", False),
        ("https://*.a.example", "https://evil.example/.a.example", False),
        ("https://a.example, http://localhost:3000", "http://localhost:3000", True),
        ("https://a.example, http://localhost:3000", "http://localhost:3001", False),
        ("https://A.example:443", "https://a.example", True),
        ("https://axexample", "https://a.example", False),
        ("https://a.example", "https://axexample", False),
    ],
)
def test_origins_are_matched_whole(allowed: str, origin: str, is_allowed: bool) -> None:
    origins = AllowedOrigins(Settings.load(None, {"allowed_origins": allowed}).allowed_origins)
    passed = CrossOrigin(Response("done"), Tally(), origins)

    assert (b"access-control-allow-origin" in dict(origins.fields([(b"origin", origin.encode())]))) is is_allowed
    assert passed.is_allowed_origin(origin) is is_allowed


def test_without_origins_in_the_settings_nothing_is_added() -> None:
    with serving(allowed_origins=()) as client:
        reply = ask(client)

    assert not [name for name in reply.headers if name.startswith("access-control") or name == "vary"]


def test_errors_of_the_middleware_may_be_read_as_well() -> None:
    headers = [(b"host", b"a"), (b"origin", ORIGIN.encode())]

    assert AllowedOrigins([]).fields(headers) == ()
    assert dict(AllowedOrigins([ORIGIN]).fields(headers))[b"access-control-allow-origin"] == ORIGIN.encode()
    assert dict(AllowedOrigins(["*"]).fields([]))[b"access-control-allow-origin"] == b"*"
    assert AllowedOrigins(["http://b"]).fields(headers) == ((b"vary", b"Origin"),)


@pytest.mark.parametrize("given", ["a.example", "https://a.example/", "https://a.example/x", "null", "https://*", "https://",
                                   "https://a.*", "https://me@a", "https://a:b"])  # fmt: skip
def test_a_setting_that_names_no_origins_is_rejected(given: str) -> None:
    with pytest.raises(SettingsError, match="--allowed-origins: expected origins without path, such as"):
        Settings.load(None, {"allowed_origins": given})
