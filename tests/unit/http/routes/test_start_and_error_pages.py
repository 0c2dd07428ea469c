"""What a person at a browser sees, and that programs get JSON from the same addresses."""

import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from starlette.datastructures import Headers

from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.responses.content_negotiation import prefers_page
from foreseen.entrypoints.http.responses.error_page import error_page
from foreseen.entrypoints.http.service.application import create_service
from support.fakes import FakePredictor
from support.in_process_service import JSON, Service, service, wired_around

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PAGE = {"accept": BROWSER}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def client() -> Iterator[Service]:
    signature = Signature((Feature(SCRIPT, example=1.5), Feature("größe", dtype="string", example="a & b")))
    wiring = wired_around(FakePredictor(signature), name="flowers")
    with service(wiring) as started:
        yield started.behind(create_service(wiring))


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ([BROWSER], True),
        (["text/html"], True),
        (["Text/HTML;q=0.5"], True),
        (["application/json;q=0.5", "text/html"], True),
        (["*/*"], False),
        ([], False),
        ([""], False),
        (["application/json, text/plain, */*"], False),
        (["application/json, text/html"], False),
        (["text/html;q=0.2, application/problem+json;q=0.3"], False),
        (["text/html;q=0"], False),
        (["text/html;q=much"], False),
        (["text/*"], False),
    ],
)
def test_a_page_is_for_clients_that_prefer_html_to_json(accept: list[str], is_page: bool) -> None:
    assert prefers_page(Headers(raw=[(b"accept", each.encode()) for each in accept])) is is_page


def test_a_browser_reads_an_error_as_a_page(client: Service) -> None:
    reply = client.send("GET", "/nothing" + SCRIPT, headers=PAGE)

    text = reply.body.decode()
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "404 Not Found" in text
    assert "expected a path such as /predict" in text
    assert reply.headers["x-request-id"] in text
    assert "<script" not in text
    assert "script-src" not in reply.headers["content-security-policy"]


def test_each_violation_is_on_the_page_escaped(client: Service) -> None:
    body = b'{"<script>alert(1)</script>": "<b>wide</b>", "more": 1}'
    reply = client.send("POST", parts=[body], headers={**JSON, **PAGE})

    text = reply.body.decode()
    assert (reply.status, reply.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "&lt;b&gt;wide&lt;/b&gt;" in text
    assert text.count("expected") >= 3
    assert not re.search("<script|<b>", text)


def test_programs_get_the_problem_document_and_caches_know_both(client: Service) -> None:
    replies = [client.send("GET", "/nothing", headers=headers) for headers in ({}, PAGE, {"accept": "*/*"})]

    assert [reply.headers["content-type"].partition(";")[0] for reply in replies] == [
        "application/problem+json",
        "text/html",
        "application/problem+json",
    ]
    assert {reply.headers["vary"] for reply in replies} == {"Accept"}


def test_a_status_without_a_name_has_a_page() -> None:
    assert "599" in error_page({"status": 599, "title": "Odd", "detail": "…", "type": "about:blank"})


class Links(HTMLParser):
    """Collects what a page loads or leads to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name in ("href", "src") and value}


def test_the_start_page_links_everything_and_loads_nothing_external(client: Service) -> None:
    reply = client.send("GET", "/", headers=PAGE)

    text = reply.body.decode()
    links = Links(text).found
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert links >= {"docs", "model", "metrics", "favicon.svg"}
    assert not any(urlsplit(link).netloc for link in links)
    assert {client.send("GET", f"/{link}").status for link in links} == {200}
    assert "<script" not in text
    assert "flowers" in text


def test_programs_get_the_index_with_a_line_that_works(client: Service) -> None:
    index = client.send("GET", "/", headers={"host": "h.localhost:81"})

    command = shlex.split(index.json()["example"])
    place = urlsplit(command[-1])
    assert index.headers["content-type"] == "application/json"
    assert command[0] == "curl"
    assert place.netloc == "h.localhost:81"
    assert client.send("GET", place.path, query=place.query.encode()).status == 200
    assert index.json()["links"]["model"] == "http://h.localhost:81/model"
    assert index.json()["model"] == "flowers"


def test_the_page_needs_a_key_which_its_example_names() -> None:
    wiring = wired_around(FakePredictor(), api_keys=("0" * 64,))
    with service(wiring) as started:
        guarded = started.behind(create_service(wiring))

        assert [guarded.send("GET", path).status for path in ("/", "/favicon.ico")] == [401, 200]
        assert "Bearer KEY" in started.send("GET", "/").json()["example"]


@pytest.mark.parametrize("path", ["/favicon.ico", "/favicon.svg"])
def test_the_icon_is_our_own(client: Service, path: str) -> None:
    reply = client.send("GET", path)

    assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml")
    assert reply.body.startswith(b"<svg")
