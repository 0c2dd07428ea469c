"""How many requests there were, how long predictions took, and what the cache has saved."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from foreseen.domain.counters import (
    DURATION_BOUNDS_NS,
    MAX_ROUTES,
    MAX_STATUSES,
    SAVED,
    TIERS,
    Tally,
)
from foreseen.entrypoints.http.counting.counted_routes import ROUTES, STATUSES, V2_VERSION, route_number
from foreseen.entrypoints.http.responses.problems import REASONS, Rejection, rejected_unread
from foreseen.entrypoints.http.service.application import create_app, create_service
from support.fakes import FakePredictor, HeldPredictor
from support.in_process_service import JSON, Service, service, wired_around

QUERY = b"length=1&width=2"


@pytest.fixture
def client() -> Iterator[Service]:
    wiring = wired_around(FakePredictor(), rate_limit="100/second")
    with service(wiring) as started:
        yield started.behind(create_service(wiring))


def counted(client: Service, family: str) -> dict[tuple[str, ...], float]:
    """Values of a counter by its labels, or the count of a histogram by them; those that are not zero."""
    families = text_string_to_metric_families(client.get("/metrics").body.decode())
    return {
        tuple(sample.labels.values()): sample.value
        for each in families
        if each.name == f"foreseen_{family}"
        for sample in each.samples
        if sample.name.endswith(("_total", "_count")) and sample.value
    }


def test_requests_count_by_route_and_status(client: Service) -> None:
    for method, path, query, headers in (
        ("GET", "/predict", QUERY, {}),
        ("GET", "/predict", QUERY, {}),
        ("HEAD", "/predict", QUERY, {}),
        ("GET", "/predict", QUERY, {"cache-control": "no-cache"}),
        ("GET", "/predict", QUERY, {"if-none-match": "*"}),
        ("GET", "/predict", b"", {}),
        ("PUT", "/predict", b"", {}),
        ("OPTIONS", "/model", b"", {}),
        ("GET", "/docs/assets/swagger-ui.css", b"", {}),
        ("GET", "/someone's/own", b"", {}),
        ("GET", "/docs/assets/none.js", b"", {}),
    ):
        client.send(method, path, query=query, headers=headers)

    assert counted(client, "requests") == {
        ("/predict", "200"): 4,
        ("/predict", "304"): 1,
        ("/predict", "422"): 1,
        ("/predict", "405"): 1,
        ("/model", "204"): 1,
        ("/docs/assets", "200"): 1,
        ("/docs/assets", "404"): 1,
        ("other", "404"): 1,
    }
    assert counted(client, "requests")["/metrics", "200"] == 1  # the scrape before


def test_requests_rejected_in_front_count_once() -> None:
    wiring = wired_around(FakePredictor(), api_keys=("0" * 64,))
    with service(wiring) as started:
        started.behind(create_service(wiring)).send("GET", query=QUERY)
        rejected_unread(Rejection(431, "head-too-large", "…", "…"), wiring.caches.tally)

        assert counted(started, "requests") == {("/predict", "401"): 1, ("unread", "431"): 1}


def test_a_prediction_counts_under_its_slowest_tier(client: Service) -> None:
    for rows in ([[1, 2]], [[1, 2]], [[1, 2], [3, 4]], [[1, 2], [3, 4]]):
        client.post({"instances": rows})
    client.send("POST", parts=[b'{"length":5,"width":6}'], headers={**JSON, "cache-control": "no-store"})

    assert counted(client, "predict_seconds") == {("L1",): 2, ("model",): 3}


def test_a_wait_for_another_computation_counts_as_coalesced() -> None:
    model = HeldPredictor()
    wiring = wired_around(model)
    with service(wiring) as started:
        served = started.behind(create_service(wiring))

        async def both() -> None:
            requests = [asyncio.create_task(served.exchange("GET", query=QUERY)) for _ in range(2)]
            await asyncio.to_thread(model.began.wait)
            model.free.set()
            await asyncio.gather(*requests)

        served.run(both())

        assert counted(served, "predict_seconds") == {("coalesced",): 1, ("model",): 1}
        assert counted(served, "model_seconds_saved").keys() == {("coalesced",)}


def test_savings_of_hits_are_what_their_predictions_had_cost() -> None:
    wiring = wired_around(FakePredictor())
    with service(wiring) as started:
        served = started.behind(create_service(wiring))
        served.post({"instances": [[1, 2], [3, 4]]})
        cost_s = sum(entry.cost_us for entry in _entries(wiring)) / 1e6

        served.post({"instances": [[1, 2], [3, 4]]})  # before the application
        served.send("POST", parts=[b'{"instances":[[1,2],[3,4]]}'], headers={**JSON, "cache-control": "max-age=9"})

        assert wiring.caches.tally.counts[SAVED] == pytest.approx(2 * cost_s)


def _entries(wiring: Any) -> list[Any]:
    recipe, peek = wiring.predict.recipe, wiring.predict.peek
    entries = [peek(recipe.key(row)) for row in ((1.0, 2.0), (3.0, 4.0))]
    assert all(entries)
    return entries


@given(st.integers(0, 2 * DURATION_BOUNDS_NS[-1]), st.integers(0, len(TIERS) - 1))
def test_a_duration_is_within_the_bounds_of_its_group(took_ns: int, tier: int) -> None:
    tally = Tally()
    tally.count_duration(tier, took_ns)

    groups, seconds = tally.durations(tier)
    below, *bounds = (-1, *DURATION_BOUNDS_NS, float("inf"))
    group = groups.index(1)
    assert (below, *bounds)[group] < took_ns <= bounds[group]
    assert seconds == pytest.approx(took_ns / 1e9)
    assert sum(sum(tally.durations(other)[0]) for other in range(len(TIERS))) == 1


def test_histograms_of_several_workers_are_sums() -> None:
    one, other = Tally(), Tally()
    one.count_l1_hit(2, 500, 7_000)
    one.count_duration(3, 10**7)
    other.count_l1_hit(1, 250, 7_000)

    summed = Tally.summed([one, other])

    groups, seconds = summed.durations(0)
    assert (groups[1], sum(groups), summed.hits_l1) == (2, 2, 3)
    assert seconds == pytest.approx(14e-6)
    assert summed.counts[SAVED] == pytest.approx(750e-6)


def test_every_served_path_is_a_route_of_its_own() -> None:
    app = create_app(wired_around(FakePredictor()), None, _reload)
    assert isinstance(app, FastAPI)
    paths = [*app.openapi()["paths"], "/", "/docs", "/redoc", "/openapi.json", "/favicon.ico", "/favicon.svg"]

    assert [ROUTES[route_number(path)] for path in paths] == [path.replace(V2_VERSION, "") for path in paths]
    assert len(ROUTES) <= MAX_ROUTES


async def _reload() -> tuple[str, str]:
    return "before", "after"


def test_every_status_of_a_problem_is_counted_by_itself() -> None:
    assert {str(status) for _, status in REASONS if status} <= set(STATUSES)
    assert len(set(STATUSES)) == len(STATUSES) <= MAX_STATUSES


@pytest.mark.parametrize(("route", "status"), [(-1, 0), (MAX_ROUTES, 0), (0, -1), (0, MAX_STATUSES)])
def test_a_request_outside_the_row_is_rejected(route: int, status: int) -> None:
    with pytest.raises(ValueError, match="expected a route below"):
        Tally().count_request(route, status)
