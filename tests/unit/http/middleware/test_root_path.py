"""Below a path of a proxy, the service has its own paths, whether the proxy takes that path off or not."""

import re
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import urljoin

import pytest
from openapi_spec_validator import validate

from foreseen.entrypoints.http.service.application import create_service
from foreseen.settings import Settings, SettingsError
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around

FLOWER = b"length=1&width=2"
HERE = {"host": "localhost"}


@pytest.fixture
def below() -> Iterator[Service]:
    wiring = wired_around(FakePredictor(), root_path="/ml/", admin_keys=sha256(b"key").hexdigest())
    with service(wiring) as client:
        yield client.behind(create_service(wiring))


@pytest.mark.parametrize(
    "path", ["/predict", "/model", "/livez", "/docs", "/openapi.json", "/docs/assets/swagger-ui.css", "/"]
)
def test_a_path_is_found_with_and_without_the_proxys_prefix(below: Service, path: str) -> None:
    for root in ("", "/ml"):
        assert below.send("GET", root + path, query=FLOWER, headers=HERE).status == 200


def test_a_hit_is_one_with_it_and_without(below: Service) -> None:
    replies = [below.send("GET", path, query=FLOWER, headers=HERE) for path in ("/predict", "/ml/predict")]

    assert [reply.cache_status.split(";")[1].strip() for reply in replies] == ["fwd=miss", "hit"]


@pytest.mark.parametrize("path", ["/mlpredict", "/ml/ml/predict", "/MLL/predict", "/ml//predict", "/other/predict"])
def test_another_path_is_not_found(below: Service, path: str) -> None:
    assert below.send("GET", path, query=FLOWER, headers=HERE).status == 404


@pytest.mark.parametrize("path", ["/admin/reload", "/ml/admin/reload", "/ml/ml/admin/reload"])
def test_no_path_leads_around_the_keys(below: Service, path: str) -> None:
    assert below.send("POST", path, headers=HERE).status in (401, 404)


def test_the_proxy_s_own_path_is_the_start_page(below: Service) -> None:
    assert below.send("GET", "/ml", headers=HERE).json() == below.send("GET", "/ml/", headers=HERE).json()
    assert "http://localhost/ml" in below.send("GET", "/ml/", headers=HERE).body.decode()


@pytest.mark.parametrize("path", ["/ml", "/ml/"])
def test_links_of_the_start_page_stay_below_the_path(below: Service, path: str) -> None:
    page = below.send("GET", path, headers={**HERE, "accept": "text/html"}).body.decode()

    links = [urljoin(f"http://localhost{path}", link) for link in re.findall(r'href="([^"]+)"', page)]
    assert len(links) > 5
    assert [link for link in links if not link.startswith("http://localhost/ml/")] == []


def test_the_document_names_the_path_of_the_proxy(below: Service) -> None:
    document = below.send("GET", "/ml/openapi.json", headers=HERE).json()

    validate(document)
    assert document["servers"][0]["url"] == "/ml"


def test_without_the_setting_it_names_the_requested_path() -> None:
    with service(wired_around(FakePredictor())) as client:
        document = client.get("/openapi.json").json()

    validate(document)
    assert urljoin("http://localhost/ml/openapi.json", document["servers"][0]["url"]) == "http://localhost/ml/"


@pytest.mark.parametrize(("given", "path"), [("/ml", "/ml"), ("/a/b.c-d/", "/a/b.c-d"), ("/", "/"), ("", "/")])
def test_the_setting_has_no_slash_at_its_end(given: str, path: str) -> None:
    assert Settings.load(None, {"root_path": given}).root_path == path


@pytest.mark.parametrize("given", ["ml", "//", "/a//b", "/..", "/a/./b", "/a b", "http://h/ml", "/ä", "/%61", "/a?b"])
def test_a_setting_that_is_no_path_is_rejected(given: str) -> None:
    with pytest.raises(SettingsError, match="--root-path: expected a path such as /ml or /models/iris, got"):
        Settings.load(None, {"root_path": given})
