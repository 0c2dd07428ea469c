"""Who may do what: with keys, without, from here and from elsewhere."""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from typing import Any

import pytest
from openapi_spec_validator import validate
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from foreseen.entrypoints.http.middleware.access_keys import Access, Keys, guarded, is_local, warn_of_open_access
from foreseen.entrypoints.http.service.application import create_app, create_service
from foreseen.settings import Settings
from support.fakes import FakePredictor
from support.in_process_service import REQUEST_ID, Reply, Service, service, wired_around

ALICE, BOB, ADMIN, STRANGER = "alice's key", "bob's key", "the admin's key", "a stranger's key"
FLOWER = b"length=1&width=2"
PAGES = [
    "/predict",
    "/invocations",
    "/version",
    "/v1/models",
    "/v1/models/model",
    "/v2",
    "/v2/models/model/infer",
    "/model",
    "/metrics",
    "/docs",
    "/redoc",
    "/openapi.json",
    "/nothing",
]

Serving = Callable[..., AbstractContextManager[Service]]


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


KEYS = {"api_keys": (digest(ALICE), digest(BOB).upper()), "admin_keys": (digest(ADMIN),)}


@contextmanager
def serving(**settings: Any) -> Iterator[Service]:
    """The service as it is served, with a route below /admin/."""
    wiring = wired_around(FakePredictor(), **settings)
    with service(wiring) as client:
        yield client.behind(create_service(wiring))


@contextmanager
def administered(**settings: Any) -> Iterator[Service]:
    """Something that answers everything, behind the settings' keys."""
    wiring = wired_around(FakePredictor(), **settings)
    with service(wiring) as client:
        yield client.behind(guarded(Response("done"), wiring.settings, wiring.caches.tally))


def ask(client: Service, path: str = "/predict", key: str | None = None, **headers: str) -> Reply:
    given = {"authorization": f"Bearer {key}"} if key else {}
    return client.send("GET", path, query=FLOWER, headers={**given, **headers})


def reload(client: Service, key: str | None = None, **headers: str) -> Reply:
    given = {"authorization": f"Bearer {key}"} if key else {}
    return client.send("POST", "/admin/reload", headers={**given, **headers})


def rejected(client: Service, status: int, kind: str, key: str) -> float:
    """How many were rejected so, as /metrics shows it."""
    text = ask(client, "/metrics", key).body.decode()
    line = f'foreseen_rejected_requests_total{{status="{status}",type="{kind}"}} '
    return float(text.split(line)[1].split("\n")[0]) if line in text else 0.0


class TestWithKeys:
    @pytest.mark.parametrize("key", [ALICE, BOB, ADMIN])
    def test_a_caller_with_a_key_is_answered(self, key: str) -> None:
        with serving(**KEYS) as client:
            replies = [ask(client, key=key) for _ in range(2)]

        assert [reply.status for reply in replies] == [200, 200]
        assert replies[0].body == replies[1].body == b'{"prediction":3.0}'
        assert replies[1].cache_status == "foreseen; hit; detail=L1"

    @pytest.mark.parametrize("path", PAGES)
    def test_a_caller_without_a_key_learns_nothing_else(self, path: str) -> None:
        with serving(**KEYS) as client:
            ask(client, key=ALICE)
            reply = ask(client, path)

        assert reply.status == 401
        assert reply.headers["www-authenticate"] == 'Bearer realm="foreseen"'
        is_of_protocol = path.startswith(("/invocations", "/v1/", "/v2"))
        assert reply.headers["content-type"] == f"application/{'json' if is_of_protocol else 'problem+json'}"
        of_protocol = {"error", "error_code", "message"}
        assert {name: value for name, value in reply.json().items() if name not in of_protocol} == {
            "type": "urn:foreseen:problem:unauthorized",
            "title": "Missing or unknown API key",
            "status": 401,
            "detail": "expected Authorization: Bearer KEY with a key of api_keys or admin_keys, got none",
            "request_id": REQUEST_ID,
        }

    @pytest.mark.parametrize(
        "authorization",
        [
            f"Bearer {STRANGER}",
            f"Bearer {ALICE}x",
            f"Bearer {digest(ALICE)}",
            "Bearer ",
            "Bearer",
            "",
            f"Basic {ALICE}",
            ALICE,
            "Bearer \xff\x00",
        ],
    )
    def test_anything_else_is_no_key(self, authorization: str) -> None:
        with serving(**KEYS) as client:
            reply = client.send("GET", query=FLOWER, headers={"authorization": authorization})

        assert reply.status == 401
        assert ALICE not in reply.body.decode()

    def test_the_word_bearer_is_written_as_one_likes(self) -> None:
        with serving(**KEYS) as client:
            assert client.send("GET", query=FLOWER, headers={"authorization": f"bEARER  {ALICE} "}).status == 200

    @pytest.mark.parametrize("path", ["/livez", "/readyz", "/ping", "/health", "/favicon.svg", "/favicon.ico"])
    def test_probes_and_the_icon_need_none(self, path: str) -> None:
        with serving(**KEYS) as client:
            assert ask(client, path).status == 200

    def test_a_rejected_request_is_counted_and_never_reaches_the_model(self) -> None:
        with serving(**KEYS) as client:
            ask(client)
            ask(client, key=STRANGER)

            assert rejected(client, 401, "unauthorized", ADMIN) == 2
            assert (client.predict.tally.misses, client.predict.tally.model_rows) == (0, 0)

    def test_a_body_that_may_not_be_sent_is_not_read(self) -> None:
        with serving(**KEYS) as client:
            reply = client.send("POST", parts=[b"{}"] * 3, headers={"content-type": "application/json"})

        assert (reply.status, reply.sent_parts) == (401, 0)


class TestAdmin:
    def test_an_admin_key_may(self) -> None:
        with administered(**KEYS) as client:
            assert reload(client, ADMIN).body == b"done"

    def test_another_key_is_forbidden(self) -> None:
        with administered(**KEYS) as client:
            reply = reload(client, ALICE)

        assert (reply.status, reply.json()["detail"]) == (403, "expected a key of admin_keys, got one of api_keys")

    @pytest.mark.parametrize("key", [None, STRANGER])
    def test_without_a_key_one_is_requested(self, key: str | None) -> None:
        with administered(**KEYS) as client:
            assert reload(client, key).status == 401

    @pytest.mark.parametrize("key", [None, ALICE])
    @pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
    def test_without_admin_keys_no_caller_may_administer(self, host: str, key: str | None) -> None:
        with administered(api_keys=KEYS["api_keys"], host=host) as client:
            reply = reload(client, key)

        assert (reply.status, reply.json()["detail"]) == (403, "expected admin_keys in the settings, got none")

    def test_an_admin_key_alone_leaves_predictions_to_everyone(self) -> None:
        with serving(admin_keys=KEYS["admin_keys"]) as client:
            assert ask(client).status == 200
            assert reload(client).status == 401

    def test_without_any_keys_this_machine_may(self) -> None:
        with administered() as client:
            assert reload(client).body == b"done"

    def test_a_page_of_another_origin_may_not_administer(self) -> None:
        with administered() as client:
            reply = reload(client, origin="http://elsewhere.example")

        assert (reply.status, reply.json()["type"]) == (403, "urn:foreseen:problem:forbidden")

    @pytest.mark.parametrize(
        "headers",
        [
            {"x-forwarded-for": "192.0.2.1"},
            {"x-forwarded-proto": "https"},
            {"x-forwarded": "for=192.0.2.1"},
            {"forwarded": "proto=https"},
            {"via": "1.1 proxy"},
            {"x-real-ip": "192.0.2.1"},
            {"x-envoy-external-address": "192.0.2.1"},
            {"cf-connecting-ip": "192.0.2.1"},
            {"host": "predictions.example"},
            {"host": "127.0.0.1.predictions.example"},
            {"host": "192.0.2.1"},
            {"sec-fetch-site": "cross-site"},
        ],
    )
    def test_a_proxied_request_is_not_of_this_machine(self, headers: dict[str, str]) -> None:
        with administered() as client:
            reply = reload(client, **headers)

        assert (reply.status, reply.json()["type"]) == (403, "urn:foreseen:problem:forbidden")
        assert (
            "a request of a program on this machine, or admin_keys in the settings, got one" in reply.json()["detail"]
        )

    @pytest.mark.parametrize(
        "change",
        [{"http_version": "1.0"}, {"http_version": "0.9"}, {"http_version": "2.0"}, {"client": ("192.0.2.1", 5)}],
    )
    def test_nor_is_another_protocol_or_another_address(self, change: dict[str, Any]) -> None:
        with administered() as client:
            inner = client.app

            def changed(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
                return inner({**scope, **change}, receive, send)

            assert reload(client.behind(changed)).status == 403

    @pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST.", "me.localhost:1"])
    def test_this_machine_has_several_names(self, host: str) -> None:
        with administered() as client:
            assert reload(client, host=host).body == b"done"

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "predictions.example"])
    def test_without_keys_only_this_machine_may_administer(self, host: str) -> None:
        with administered(host=host) as client:
            assert reload(client).status == 403

    @pytest.mark.parametrize("path", ["/administration", "/predict/admin/", "/ADMIN/reload"])
    def test_similar_paths_are_as_open_as_all_others(self, path: str) -> None:
        with administered(host="0.0.0.0") as client:
            assert ask(client, path).body == b"done"


@pytest.mark.parametrize("settings", [{}, {"admin_keys": KEYS["admin_keys"]}, {"host": "0.0.0.0"}])
def test_hits_skip_the_key_check_where_anyone_may_call(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[object] = []
    check = Access.__call__

    async def check_seen(access: Access, *call: Any) -> None:
        checked.append(access)
        await check(access, *call)

    monkeypatch.setattr(Access, "__call__", check_seen)
    with serving(**settings) as client:
        assert [ask(client).status for _ in range(2)] == [200, 200]
    assert checked == []
    with serving(**KEYS) as client:
        assert ask(client).status == 401
    assert len(checked) == 1


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("LocalHost", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("localhost.example", False),
    ],
)
def test_an_address_is_this_machine_s_or_not(host: str, local: bool) -> None:
    assert is_local(host) is local


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, []),
        (
            {"host": "0.0.0.0"},
            ["0.0.0.0 can be reached from other machines and api_keys is empty: anyone there may use the service"],
        ),
        (
            {"host": "0.0.0.0", "api_keys": KEYS["api_keys"]},
            ["0.0.0.0 can be reached from other machines without TLS (tls_certificate): keys can be read in transit"],
        ),
        ({"host": "0.0.0.0", "api_keys": KEYS["api_keys"], "tls_certificate": "cert.pem"}, []),
    ],
)
def test_open_access_is_logged_as_a_warning(
    settings: dict[str, Any], said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        warn_of_open_access(Settings(**settings))

    assert caplog.messages == said


def test_keys_with_similar_digests_are_distinct() -> None:
    keys = Keys(["ab" * 32])

    assert keys.hold(b"\xab" * 32)
    assert not keys.hold(b"\xab" * 31 + b"\xac")
    assert not keys.hold(b"\xab" * 8)


class TestDocument:
    def test_the_document_names_the_key_and_the_rate(self) -> None:
        with serving(**KEYS, rate_limit="5/second") as client:
            document = ask(client, "/openapi.json", ADMIN).json()

        validate(document)
        assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
        for path, operations in document["paths"].items():
            for operation in operations.values():
                is_open = path in ("/livez", "/readyz", "/ping", "/health", "/v2/health/live", "/v2/health/ready")
                assert ("security" not in operation) is is_open
                assert ({"401", "429"} <= operation["responses"].keys()) is not is_open

    def test_it_mentions_no_keys_where_there_are_none(self) -> None:
        with serving() as client:
            document = ask(client, "/openapi.json").json()

        assert "securitySchemes" not in document["components"]
        assert not {"401", "429"} & document["paths"]["/predict"]["get"]["responses"].keys()


async def _reload() -> tuple[str, str]:
    return "before", "after"


@pytest.mark.parametrize(
    ("settings", "statuses"),
    [
        ({}, {"200", "202", "403", "503"}),
        ({"api_keys": KEYS["api_keys"]}, {"200", "202", "403", "503"}),
        ({"admin_keys": KEYS["admin_keys"]}, {"200", "202", "401", "403", "503"}),
    ],
    ids=["no keys", "keys", "admin keys"],
)
def test_the_document_lists_the_reload_and_its_callers(settings: dict[str, Any], statuses: set[str]) -> None:
    wiring = wired_around(FakePredictor(), **settings)
    document = create_app(wiring, reload=_reload).openapi()
    operation = document["paths"]["/admin/reload"]["post"]

    assert set(operation["responses"]) == statuses
    assert ("security" in operation) == ("401" in statuses)
    validate(document)
    content = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert content["properties"]["status"]["enum"] == ["reloaded", "unchanged"]
