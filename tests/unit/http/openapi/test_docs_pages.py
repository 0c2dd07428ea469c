"""The pages load nothing from another host."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import pytest

from support.in_process_service import Service

PAGES = ["/docs", "/redoc"]


class References(HTMLParser):
    """Collects what a page makes a browser load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href", "spec-url") and value]


@pytest.mark.parametrize("page", PAGES)
class TestEveryPage:
    def test_it_names_no_outside_host(self, iris: Service, page: str) -> None:
        body = iris.get(page).body.decode()

        assert re.findall(r"(?:https?:)?//[\w.]+", body) == []

    def test_every_path_that_it_names_is_served(self, iris: Service, page: str) -> None:
        reply = iris.get(page)
        named = References(reply.body.decode()).found

        assert len(named) >= 2
        for path in [*named, "openapi.json"]:
            assert not path.startswith("/")
            asset = iris.get(urljoin(page, path))
            assert (asset.status, len(asset.body) > 100) == (200, True), path

    def test_it_reads_this_service_s_document(self, iris: Service, page: str) -> None:
        assert b"'openapi.json'" in iris.get(page).body or b'"openapi.json"' in iris.get(page).body

    def test_a_browser_may_load_nothing_from_other_origins(self, iris: Service, page: str) -> None:
        policy = iris.get(page).headers["content-security-policy"]
        sources = {word for rule in policy.split(";") for word in rule.split()[1:]}

        assert "default-src 'self'" in policy
        assert sources <= {"'self'", "'unsafe-inline'", "data:", "blob:"}

    def test_it_is_html_with_the_model_s_name(self, iris: Service, page: str) -> None:
        reply = iris.get(page)

        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        assert "<title>Foreseen: model</title>" in reply.body.decode()


def test_scripts_and_styles_are_served_as_such(iris: Service) -> None:
    types = {
        "swagger-ui-bundle.js": "javascript",
        "redoc.standalone.js": "javascript",
        "swagger-ui.css": "text/css",
        "favicon.png": "image/png",
    }

    for name, kind in types.items():
        assert kind in iris.get(f"/docs/assets/{name}").headers["content-type"]


@pytest.mark.parametrize("script", ["swagger-ui-bundle.js", "redoc.standalone.js"])
def test_the_licences_that_a_script_names_are_served(iris: Service, script: str) -> None:
    first_line = iris.get(f"/docs/assets/{script}").body.split(b"\n", 1)[0].decode()
    named = re.search(r"license information please see (\S+)", first_line)

    assert named is not None
    licences = iris.get(f"/docs/assets/{named[1]}")
    assert licences.status == 200
    assert licences.headers["content-type"] == "text/plain; charset=utf-8"
    assert f"\n{script}\n" in licences.body.decode()
