"""HEAD wherever GET is, OPTIONS everywhere, and Allow where a method is not."""

from collections.abc import Iterator

import pytest

from foreseen.entrypoints.http.service.application import create_app, create_service
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around

QUERY = b"length=1&width=2"


async def reload() -> tuple[str, str]:
    return "before", "after"


@pytest.fixture(scope="module", params=["ordinary", "served"])
def client(request: pytest.FixtureRequest) -> Iterator[Service]:
    wiring = wired_around(FakePredictor())
    with service(wiring) as started:
        build = create_app if request.param == "ordinary" else create_service
        yield started.behind(build(wiring, None, reload))


@pytest.mark.parametrize(
    "path",
    ["/", "/predict", "/model", "/livez", "/readyz", "/metrics", "/docs", "/redoc", "/openapi.json", "/favicon.ico"],
)
def test_head_is_get_without_the_body(client: Service, path: str) -> None:
    client.send("GET", path, query=QUERY)
    got, head = (client.send(method, path, query=QUERY) for method in ("GET", "HEAD"))

    assert (got.status, head.status, head.body) == (200, 200, b"")
    if path != "/metrics":  # which counts what came before
        assert head.headers == got.headers
        assert int(head.headers["content-length"]) == len(got.body)


def test_head_of_what_fails_is_the_problem_without_its_document(client: Service) -> None:
    for path, query, status in (("/predict", b"length=1", 422), ("/nothing", b"", 404), ("/admin/reload", b"", 405)):
        got, head = (client.send(method, path, query=query) for method in ("GET", "HEAD"))

        assert (got.status, head.status) == (status, status)
        assert head.headers["content-type"] == "application/problem+json"
        assert path == "/admin/reload" or head.headers == got.headers


def test_head_of_the_pages_assets_is_answered(client: Service) -> None:
    assert client.send("HEAD", "/docs/assets/swagger-ui.css").status == 200


ALLOWED = [
    ("/predict", "GET, HEAD, OPTIONS, POST"),
    ("/admin/reload", "OPTIONS, POST"),
    ("/model", "GET, HEAD, OPTIONS"),
    ("/", "GET, HEAD, OPTIONS"),
    ("/docs/assets/swagger-ui.css", "GET, HEAD, OPTIONS"),
]
OF_SERVER = ("*", "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize(("path", "methods"), [*ALLOWED, OF_SERVER])
def test_options_lists_the_methods_of_a_path(client: Service, path: str, methods: str) -> None:
    reply = client.send("OPTIONS", path)

    assert (reply.status, reply.body, reply.headers["allow"]) == (204, b"", methods)
    assert "x-request-id" in reply.headers


@pytest.mark.parametrize(("path", "methods"), ALLOWED)
def test_another_method_is_rejected_with_those_that_are_allowed(client: Service, path: str, methods: str) -> None:
    reply = client.send("BREW", path)

    assert (reply.status, reply.headers["allow"]) == (405, methods)
    assert reply.json()["detail"] == f"expected {methods} for {path}, got BREW"


def test_options_of_an_unknown_path_is_not_found(client: Service) -> None:
    assert client.send("OPTIONS", "/nothing").status == 404
