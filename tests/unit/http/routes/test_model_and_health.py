"""What the service shows of itself."""

import re
from collections.abc import Iterator
from pathlib import Path

import fakeredis
import pytest

from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.domain.values.signature import Feature, Signature
from foreseen.settings import Settings
from foreseen.wiring.service import wire_service
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around, wired_from
from support.models import IRIS_NAMES


@pytest.fixture
def sums() -> Iterator[Service]:
    with service(wired_around(FakePredictor())) as client:
        yield client


@pytest.mark.parametrize(("path", "status"), [("/livez", "alive"), ("/readyz", "ready")])
def test_probes_answer_get_and_head(sums: Service, path: str, status: str) -> None:
    assert sums.get(path).json() == {"status": status}

    head = sums.send("HEAD", path)
    assert (head.status, head.headers["content-type"]) == (200, "application/json")


def test_the_model_is_described(iris: Service, iris_model: Path) -> None:
    shown = iris.get("/model").json()

    assert shown["name"] == "model"
    assert shown["kind"] == "classification"
    assert shown["classes"] == ["0", "1", "2"]
    assert shown["outputs"] == ["predict"]
    assert shown["call_size"] == "batches of any size, a lone row filled up to 2"
    assert shown["runs"] == "in a thread of the serving process"
    assert [feature["name"] for feature in shown["features"]] == IRIS_NAMES
    assert {feature["dtype"] for feature in shown["features"]} == {"float64"}
    assert re.fullmatch("[0-9a-f]{32}", shown["fingerprint"])
    assert re.fullmatch("[0-9a-f]{32}", shown["namespace"])
    assert set(shown["versions"]) >= {"python", "numpy", "scikit-learn"}
    limits = {"ttl_s": 3600, "lru_max_entries": 100_000, "lru_max_bytes": 2**28}
    assert shown["cache"] == {"backend": "lru", **limits, "l1_store_share": 1}


def test_each_feature_is_described_with_its_kind() -> None:
    features = (Feature("at", "datetime_tz", missing=True), Feature("count", "int64", values=(7,)))
    signature = Signature(features, ignored=("ticket",), extra_fields="ignore")
    with service(wired_around(FakePredictor(signature))) as client:
        shown = client.get("/model").json()

    assert shown["features"] == [
        {"name": "at", "dtype": "datetime_tz", "shape": [], "missing": True, "example": "2024-01-02T03:04:05Z"},
        {"name": "count", "dtype": "int64", "shape": [], "missing": False, "example": 7},
    ]
    assert (shown["ignored"], shown["extra_fields"]) == (["ticket"], "ignore")


def test_two_models_have_two_fingerprints_and_one_model_has_one(iris: Service, iris_model: Path) -> None:
    with service(wired_from(Settings(model=iris_model, model_isolation="thread", name="other"))) as same:
        assert same.get("/model").json()["fingerprint"] == iris.get("/model").json()["fingerprint"]
        assert same.get("/model").json()["name"] == "other"


def test_the_passwords_of_a_cache_are_not_shown() -> None:
    url = "rediss://me:hidden@127.0.0.1:1/0?ssl_password=hidden"
    settings = {"cache": "tiered", "redis_url": url, "redis_secret": "hidden"}
    with service(wired_around(FakePredictor(), **settings)) as client:
        reply = client.get("/model")

    assert b"hidden" not in reply.body
    assert reply.json()["cache"]["redis_url"] == "rediss://me:***@127.0.0.1:1/0"


def test_the_lookup_mode_of_redis_is_shown() -> None:
    for when in ("adaptive", "always"):
        with service(
            wired_around(FakePredictor(), cache="redis", redis_lookups=when, redis_url="redis://127.0.0.1:1")
        ) as client:
            assert client.get("/model").json()["cache"]["redis_lookups"] == when


def test_without_a_cache_no_cache_setting_is_shown() -> None:
    with service(wired_around(FakePredictor(), cache="none")) as client:
        assert client.get("/model").json()["cache"] == {"backend": "none"}


def test_a_broken_cache_is_shown_and_leaves_the_service_ready() -> None:
    with service(wired_around(FakePredictor(), cache="redis", redis_url="redis://127.0.0.1:1")) as client:
        reply = client.get("/readyz")
        assert (reply.status, reply.json()) == (200, {"status": "ready", "shared_cache": "disabled"})
        assert client.get(length=1, width=2).json() == {"prediction": 3.0}

        shown = client.get("/model").json()["cache"]
        assert shown["is_in_use"] is False
        assert shown["disabled_by"].startswith("Redis: Error 111 connecting to 127.0.0.1:1")
        stranger = client.send("GET", "/model", headers={"x-forwarded-for": "192.0.2.1"})
        assert stranger.json()["cache"].keys() == shown.keys() - {"redis_url", "disabled_by"}
        assert b"127.0.0.1" not in stranger.body


def test_a_working_cache_is_shown() -> None:
    servers = OneServer(fakeredis.FakeAsyncRedis())
    wiring = wire_service(Settings(cache="redis"), FakePredictor(), servers=servers)
    with service(wiring) as client:
        assert client.get("/readyz").json() == {"status": "ready", "shared_cache": "in use"}
        shown = client.get("/model").json()["cache"]

    assert shown["is_in_use"] is True
    assert "disabled_by" not in shown


def test_tiers_that_do_not_pay_are_shown() -> None:
    wiring = wired_around(FakePredictor(), cache="tiered", redis_url="redis://127.0.0.1:1")
    l1, l2 = wiring.caches.adaptive_l1, wiring.caches.l2
    assert l1 is not None
    assert l2 is not None
    assert l2.adaptive is not None
    with service(wiring) as client:
        shown = client.get("/model").json()["cache"]
        assert (shown["l1_store_share"], shown["l2_lookup_share"]) == (1, 1)
        l1.payoff.pays = l2.adaptive.payoff.pays = False
        shown = client.get("/model").json()["cache"]

    assert (shown["l1_store_share"], shown["l2_lookup_share"]) == (1 / 17, 1 / 64)


def test_an_unknown_path_is_a_problem_that_names_the_known(sums: Service) -> None:
    reply = sums.get("/predictions")

    assert reply.status == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["detail"] == "expected a path such as /predict, /invocations, /model or /docs, got /predictions"


@pytest.mark.parametrize("path", ["/predict/", "/model/", "//predict", "/docs/", "/docs/assets/../app.py"])
def test_a_path_nearly_right_is_not_found_and_not_redirected(sums: Service, path: str) -> None:
    assert sums.get(path).status == 404


def test_another_method_is_rejected_with_those_that_are_taken(sums: Service) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        reply = sums.send(method)

        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
        assert reply.json()["detail"] == f"expected GET, HEAD, OPTIONS, POST for /predict, got {method}"


def test_read_only_routes_reject_post(sums: Service) -> None:
    for path in ("/model", "/livez", "/readyz", "/metrics", "/docs", "/redoc", "/openapi.json"):
        reply = sums.send("POST", path)

        assert (reply.status, "GET" in reply.headers["allow"]) == (405, True)
        assert reply.headers["content-type"] == "application/problem+json"
