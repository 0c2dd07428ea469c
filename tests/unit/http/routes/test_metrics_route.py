"""What is counted and shown, of one process that is called in process."""

import math
import re
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.exceptions import HTTPException

from foreseen.adapters.cache.redis.servers.cluster import Cluster
from foreseen.domain.counters import MAX_REASONS, ROW_BOUNDS
from foreseen.domain.errors import Corruption, Outage, PredictionError
from foreseen.entrypoints.http.responses.problems import REASONS, STATUSES
from foreseen.entrypoints.http.service.hot_path import HotPath
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around
from support.loop_watch import slowness

SOURCES = Path(__file__).parents[4] / "src"
PAGE = Path(__file__).parents[4] / "docs" / "metrics.md"
NOWHERE = {"redis_url": "redis://127.0.0.1:1"}
OF_L1 = {"l1_entries", "l1_bytes", "l1_store_share"}
OF_L2 = {"l2_in_use", "l2_disabled_nodes", "l2_lookup_share", "l2_waiting_entries"}


@pytest.fixture
def predictor() -> FakePredictor:
    return FakePredictor()


@pytest.fixture
def sums(predictor: FakePredictor) -> Iterator[Service]:
    """The service behind an lru, with its hot path."""
    with service(wired_around(predictor)) as client:
        yield client.behind(HotPath(client.app, client.predict, max_body=2**20, max_rows=1000))


def scraped(client: Service) -> dict[str, float]:
    """Read /metrics: values by name and labels."""
    families = text_string_to_metric_families(client.get("/metrics").body.decode())
    return {f"{s.name}{_labels(s.labels)}": s.value for family in families for s in family.samples}


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{name}={value}" for name, value in sorted(labels.items())) + "}" if labels else ""


OF_REQUESTS = ("foreseen_requests_", "foreseen_predict_seconds", "foreseen_model_seconds_saved")


def moved(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Return what changed, by how much; without seconds, which are never the same, and the bytes of an lru.

    What is counted of each request is looked at in a file of its own.
    """
    before, after = (
        {name: value for name, value in each.items() if not name.startswith(OF_REQUESTS)} for each in (before, after)
    )
    assert before.keys() == after.keys()
    assert after["foreseen_model_seconds_total"] >= before["foreseen_model_seconds_total"]
    skipped = ("_seconds_total", "_l1_bytes")
    return {
        name.removeprefix("foreseen_"): value - before[name]
        for name, value in after.items()
        if value != before[name] and not name.endswith(skipped)
    }


def computed(calls_of_rows: Mapping[int, int]) -> dict[str, float]:
    """Return what moves when the model is called: how many times, by a number of rows."""
    calls, rows = sum(calls_of_rows.values()), sum(rows * calls for rows, calls in calls_of_rows.items())
    bounds = {str(float(bound)): float(bound) for bound in ROW_BOUNDS} | {"+Inf": math.inf}
    below = {text: sum(n for rows, n in calls_of_rows.items() if rows <= bound) for text, bound in bounds.items()}
    return {
        "model_calls_total": calls,
        "model_rows_total": rows,
        "model_batch_rows_count": calls,
        "model_batch_rows_sum": rows,
        **{f"model_batch_rows_bucket{{le={text}}}": float(calls) for text, calls in below.items() if calls},
    }


def test_a_new_service_has_counted_nothing(sums: Service) -> None:
    reply = sums.get("/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=")

    constant = {name: value for name, value in scraped(sums).items() if value}
    assert constant.pop("foreseen_requests_total{route=/metrics,status=200}") == 1
    assert constant.pop("foreseen_processes") == constant.pop("foreseen_l1_store_share") == 1
    assert [name.partition("{")[0] for name in constant] == ["foreseen_build_info"]


def test_instances_count_by_where_they_were_answered(sums: Service) -> None:
    new = scraped(sums)
    sums.post({"instances": [[1, 1], [2, 2], [1, 1]]})  # three misses, two rows
    after_misses = scraped(sums)
    assert moved(new, after_misses) == {"misses_total": 3, "l1_entries": 2, **computed({2: 1})}

    sums.post({"instances": [[1, 1], [3, 3]]})
    after_both = scraped(sums)
    assert moved(after_misses, after_both) == {
        "hits_total{tier=L1}": 1,
        "misses_total": 1,
        "l1_entries": 1,
        **computed({1: 1}),
    }

    sums.get(length=3, width=3)
    sums.post({"instances": [[1, 1], [2, 2]]})
    assert moved(after_both, scraped(sums)) == {"hits_total{tier=L1}": 3}


def test_other_requests_count_nothing(sums: Service) -> None:
    before = scraped(sums)
    for path in ("/model", "/livez", "/readyz", "/metrics", "/docs", "/openapi.json"):
        assert sums.get(path).status == 200

    assert moved(before, scraped(sums)) == {}


def test_a_model_call_counts_under_every_larger_bound(sums: Service) -> None:
    before = scraped(sums)
    for first, rows in ((0, 1), (10, 4), (20, 5), (100, 900)):
        sums.post({"instances": [[first + row, 0.5] for row in range(rows)]})

    assert moved(before, scraped(sums)).items() >= computed({1: 1, 4: 1, 5: 1, 900: 1}).items()


def test_the_seconds_of_the_model_are_counted(sums: Service) -> None:
    sums.get(length=1, width=1)

    assert 0 < scraped(sums)["foreseen_model_seconds_total"] < 60


def test_the_lru_shows_its_entries_and_bytes(sums: Service) -> None:
    before = scraped(sums)
    sums.post({"instances": [[row, 0.5] for row in range(100)]})
    after = scraped(sums)

    assert after["foreseen_l1_entries"] == 100
    assert before["foreseen_l1_bytes"] == 0
    assert 100 * len('{"prediction":1.5}') < after["foreseen_l1_bytes"] < 100_000


REJECTED: list[tuple[str, int, dict[str, Any]]] = [
    ("invalid-json", 400, {"method": "POST", "parts": [b"{"]}),
    (
        "invalid-timeout",
        400,
        {"method": "GET", "query": b"length=1&width=1", "headers": {"request-timeout": "soon"}},
    ),
    ("disconnected", 400, {"method": "POST", "parts": [b"{", b"}"], "hangs_up": True}),
    ("http", 404, {"method": "GET", "path": "/predictions"}),
    ("http", 405, {"method": "PUT"}),
    ("body-too-large", 413, {"method": "POST", "parts": [b'{"instances":[[1,1],[', b"1" * 10_000, b"]]}"]}),
    ("too-many-instances", 413, {"method": "POST", "parts": [b'{"instances":[%s]}' % b",".join([b"[1,1]"] * 9)]}),
    ("too-many-values", 413, {"method": "POST", "parts": [b'{"instances":[[%s]]}' % b",".join([b"1"] * 1200)]}),
    ("not-json", 415, {"method": "POST", "parts": [b"1"], "headers": {"content-type": "text/plain"}}),
    (
        "encoded",
        415,
        {
            "method": "POST",
            "parts": [b"1"],
            "headers": {"content-type": "application/json", "content-encoding": "gzip"},
        },
    ),
    ("invalid-instances", 422, {"method": "POST", "parts": [b'{"length":"long","width":1}']}),
    ("invalid-request", 422, {"method": "POST", "parts": [b"[1]"]}),
    (
        "not-cached",
        504,
        {"method": "GET", "query": b"length=1&width=1", "headers": {"cache-control": "only-if-cached"}},
    ),
]


@pytest.fixture(scope="module")
def strict() -> Iterator[Service]:
    """A service that takes little."""
    with service(wired_around(FakePredictor(), max_body=5000, max_rows=8)) as client:
        yield client.behind(HotPath(client.app, client.predict, max_body=5000, max_rows=8))


@pytest.mark.parametrize(("kind", "status", "sent"), REJECTED, ids=[f"{kind}-{status}" for kind, status, _ in REJECTED])
def test_a_rejected_request_counts_once_by_its_type_and_status(
    strict: Service, kind: str, status: int, sent: dict[str, Any]
) -> None:
    before = scraped(strict)
    reply = strict.send(**sent)

    assert (reply.status, reply.json()["type"]) == (status, f"urn:foreseen:problem:{kind}")
    assert moved(before, scraped(strict)) == {f"rejected_requests_total{{status={status},type={kind}}}": 1}


@pytest.mark.parametrize(
    ("error", "kind"), [(PredictionError("no"), "prediction-failed"), (ZeroDivisionError(), "internal")]
)
@pytest.mark.parametrize("headers", [{}, {"if-none-match": '"x"'}], ids=["hot", "ordinary"])
def test_a_failure_counts_once_by_either_route(
    sums: Service, predictor: FakePredictor, error: Exception, kind: str, headers: dict[str, str]
) -> None:
    predictor.error = error
    before = scraped(sums)
    assert sums.send("GET", query=b"length=1&width=1", headers=headers).status == 500

    assert moved(before, scraped(sums)) == {f"rejected_requests_total{{status=500,type={kind}}}": 1}


def test_every_problem_has_a_reason_of_its_own() -> None:
    worded = re.findall(
        r'(?:Rejection|cls)\((\d+), "([a-z-]+)"', "".join(path.read_text() for path in SOURCES.rglob("*.py"))
    )
    known = [(kind, status) for status, kind, _ in STATUSES.values()]
    assert len(worded) >= 6

    assert {*known, *((kind, int(status)) for status, kind in worded)} - set(REASONS) == set()
    assert len(set(REASONS)) == len(REASONS) <= MAX_REASONS


def test_an_unlisted_problem_counts_as_another(predictor: FakePredictor) -> None:
    with service(wired_around(predictor)) as client:
        before = scraped(client)
        assert isinstance(client.app, FastAPI)

        @client.app.get("/teapot")
        async def teapot() -> None:
            raise HTTPException(418)

        assert client.get("/teapot").status == 418
        assert moved(before, scraped(client)) == {"rejected_requests_total{status=0,type=other}": 1}


def test_the_running_version_and_model_are_labels() -> None:
    with service(wired_around(FakePredictor(), name="iris", cache="none")) as client:
        [info] = [name for name in scraped(client) if name.startswith("foreseen_build_info")]

    exposed = f"cache=none,fingerprint={'66' * 16},model=iris,version={version('foreseen')}"
    assert info == f"foreseen_build_info{{{exposed}}}"


@pytest.mark.parametrize(
    ("cache", "gauges"),
    [
        ("none", set()),
        ("lru", OF_L1),
        ("redis", OF_L2),
        ("tiered", OF_L1 | OF_L2),
    ],
)
def test_metrics_that_a_cache_lacks_are_not_shown(cache: str, gauges: set[str]) -> None:
    with service(wired_around(FakePredictor(), cache=cache, **NOWHERE)) as client:
        shown = scraped(client)

    exposed = {name.removeprefix("foreseen_") for name in shown}
    assert {name for name in exposed if re.match("l[12]_", name) and "_total" not in name} == gauges


def test_an_unreachable_redis_shows_as_not_in_use() -> None:
    with service(wired_around(FakePredictor(), cache="tiered", **NOWHERE)) as client:
        assert client.get(length=1, width=2).status == 200

        shown = scraped(client)
    assert (shown["foreseen_l2_in_use"], shown["foreseen_processes"]) == (0, 1)


def test_a_redis_that_costs_time_has_few_lookups() -> None:
    wiring = wired_around(FakePredictor(), cache="tiered", **NOWHERE)
    with service(wiring) as client:
        assert scraped(client)["foreseen_l2_lookup_share"] == 1
        l2 = wiring.caches.l2
        assert l2 is not None
        assert l2.adaptive is not None
        l2.adaptive.payoff.pays = False
        assert scraped(client)["foreseen_l2_lookup_share"] == 1 / 64


def test_an_l1_that_costs_time_stores_little() -> None:
    wiring = wired_around(FakePredictor(), cache="lru")
    with service(wiring) as client:
        assert scraped(client)["foreseen_l1_store_share"] == 1
        assert wiring.caches.adaptive_l1 is not None
        wiring.caches.adaptive_l1.payoff.pays = False
        assert scraped(client)["foreseen_l1_store_share"] == 1 / 17


def test_a_redis_that_is_always_looked_up_has_no_share() -> None:
    with service(wired_around(FakePredictor(), cache="tiered", redis_lookups="always", **NOWHERE)) as client:
        assert "foreseen_l2_lookup_share" not in scraped(client)


def test_counts_of_adapters_are_exposed() -> None:
    wiring = wired_around(FakePredictor(), cache="tiered", redis_mode="cluster", **NOWHERE)
    with service(wiring) as client:
        before = scraped(client)
        l2 = wiring.caches.l2
        assert l2 is not None
        assert l2.write_behind is not None
        l2.redis.corruptions.update({Corruption.SEAL: 2, Corruption.FOREIGN: 1, Corruption.TYPE: 5})
        l2.leases.corruptions.update({Corruption.SEAL: 4})
        l2.guard.outages.update({Outage.SLOWNESS: 3})
        assert isinstance(l2.servers, Cluster)
        nodes = l2.servers.nodes
        nodes.at(("lost", 1)).circuit.outages.update({Outage.SLOWNESS: 1})
        nodes.at(("lost", 2)).circuit.is_closed = False
        l2.write_behind.dropped += 3

        assert moved(before, scraped(client)) == {
            "l2_corrupt_entries_total{corruption=seal}": 6,
            "l2_corrupt_entries_total{corruption=foreign}": 1,
            "l2_corrupt_entries_total{corruption=type}": 5,
            "l2_outages_total{reason=slowness}": 4,
            "l2_disabled_nodes": 1,
            "l2_dropped_entries_total": 3,
        }


def test_the_page_lists_exactly_the_exposed_metrics() -> None:
    with service(wired_around(FakePredictor(), cache="tiered", **NOWHERE)) as client:
        families = list(text_string_to_metric_families(client.get("/metrics").body.decode()))
    exposed = [
        (
            family.name + ("_total" if family.type == "counter" else ""),
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
            family.documentation,
        )
        for family in families
    ]
    rows = [row.strip("| ").split(" | ") for row in PAGE.read_text().splitlines() if row.startswith("| `foreseen_")]

    listed = [
        (name.strip("`"), kind, set(re.findall("`(.+?)`", labels)), meaning) for name, kind, labels, meaning in rows
    ]
    assert listed == exposed


def test_every_family_keeps_the_conventions(sums: Service) -> None:
    families = list(text_string_to_metric_families(sums.get("/metrics").body.decode()))

    assert len({family.name for family in families}) == len(families) > 10
    for family in families:
        assert re.fullmatch("foreseen_[a-z0-9_]+", family.name)
        assert re.fullmatch(r"[A-Z].*[^.\s]\.", family.documentation), family.name
        assert family.type in ("counter", "gauge", "histogram")
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total")


def test_a_scrape_takes_no_time_that_matters(sums: Service) -> None:
    def seconds() -> float:
        started = time.thread_time()  # of this thread alone: others may have the processor meanwhile
        sums.get("/metrics")
        return time.thread_time() - started

    assert min(seconds() for _ in range(10)) < 0.005 * slowness()
