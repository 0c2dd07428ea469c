"""With any cache the service answers byte for byte what it answers with none, whatever is requested in any order."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from foreseen.adapters.predictor.load_predictor import load_predictor
from support.example_counts import examples
from support.in_process_service import Service, service, wired_around
from support.models import iris_forest, iris_frame, mixed_pipeline, save

CACHES = ("lru", "redis", "tiered")
HALVES = st.integers(0, 16).map(lambda number: number / 2)
NUMBERS = st.sampled_from([0.0, -0.0, 0.1, 1 / 3, 5.1, 1e30, 5e-324]) | HALVES | st.floats(-10, 10)
FLOWERS = st.tuples(NUMBERS, HALVES, HALVES, HALVES).map(list)
PARCELS = st.tuples(st.sampled_from(["red", "green", "blue"]), st.none() | NUMBERS, HALVES).map(list)


def noisy(make: Any) -> Any:
    """Train a regressor whose answers have all their digits."""
    random = np.random.default_rng(7)
    frame, _ = iris_frame()
    return make.fit(frame, random.normal(size=len(frame)))


def random_logistic() -> LogisticRegression:
    """Train on noise, so that no two classes are easy to distinguish."""
    random = np.random.default_rng(11)
    return LogisticRegression().fit(random.normal(size=(90, 4)), random.integers(0, 3, 90))


@dataclass(frozen=True)
class Kind:
    """A model, the outputs that are served, and what its instances look like as rows."""

    model: Any
    outputs: tuple[str, ...]
    rows: st.SearchStrategy[list[Any]]


BOTH = ("predict", "predict_proba")
KINDS = {
    "forest": Kind(iris_forest, BOTH, FLOWERS),
    "logistic regression": Kind(random_logistic, BOTH, FLOWERS),
    "linear regressor": Kind(lambda: noisy(LinearRegression()), ("predict",), FLOWERS),
    "forest regressor": Kind(lambda: noisy(RandomForestRegressor(7, random_state=3)), ("predict",), FLOWERS),
    "strings and gaps": Kind(mixed_pipeline, BOTH, PARCELS),
}


@dataclass(frozen=True)
class Services:
    """The same model behind no cache, and behind each."""

    rows: st.SearchStrategy[list[Any]]
    names: tuple[str, ...]
    uncached: Service
    cached: dict[str, Service]


@pytest.fixture(scope="module", params=list(KINDS))
def services(
    request: pytest.FixtureRequest, server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    kind = KINDS[request.param]
    path = save(kind.model(), tmp_path_factory.mktemp("property"))
    # One predictor for all: caches are compared here, not how often loading finds the same number of rows a call.
    predictor = load_predictor(path, outputs=kind.outputs)
    common = {"name": request.param.replace(" ", "-"), "redis_url": server_url, "redis_timeout": 30.0}
    # Small, so that much of what was known is forgotten, and has to be found below or computed again.
    small = {"lru_max_entries": 4}
    with ExitStack() as stack:

        def started(cache: str) -> Service:
            return stack.enter_context(service(wired_around(predictor, **common, **small, cache=cache)))

        uncached = started("none")
        names = uncached.predict.predictor.info.signature.names
        yield Services(kind.rows, names, uncached, {cache: started(cache) for cache in CACHES})


def asked(to: Service, names: tuple[str, ...], way: str, rows: list[list[Any]]) -> tuple[int, bytes]:
    """Request rows in one of the ways there are, and return the answer."""
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    if way == "get":
        query = {name: "" if value is None else value for name, value in objects[0].items()}
        reply = to.get(**query)
    elif way == "post":
        reply = to.post(dict(reversed(objects[0].items())))
    else:
        reply = to.post({"instances": rows if way == "rows" else objects})
    return reply.status, reply.body


@settings(max_examples=examples(10), deadline=None)
@given(st.data())
def test_every_cache_answers_as_none_does(services: Services, data: st.DataObject) -> None:
    pool = data.draw(st.lists(services.rows, min_size=1, max_size=6), label="instances")
    batches = st.lists(st.sampled_from(pool), min_size=1, max_size=9)
    ways = st.sampled_from(["get", "post", "rows", "objects"])
    requests = data.draw(st.lists(st.tuples(ways, batches), min_size=1, max_size=8), label="requests")

    for way, rows in requests:
        expected = asked(services.uncached, services.names, way, rows)
        assert expected[0] == 200, expected[1]
        for cached in services.cached.values():
            assert asked(cached, services.names, way, rows) == expected


def test_the_caches_did_answer_and_the_small_one_did_forget(services: Services) -> None:
    """Else the property would hold of nothing."""
    rows = [[0.5, 1, 2, 3 + n] for n in range(6)] if len(services.names) == 4 else [["red", n, 1] for n in range(6)]
    for cached in services.cached.values():
        for row in rows * 2:
            assert asked(cached, services.names, "get", [row])[0] == 200
        asked(cached, services.names, "get", [rows[-1]])
    tallies = {name: cached.predict.tally for name, cached in services.cached.items()}

    assert tallies["lru"].hits_l1 > 0
    assert tallies["redis"].hits_l2 > 0
    assert tallies["tiered"].hits_l1 > 0
    assert tallies["tiered"].hits_l2 >= 6
    assert tallies["lru"].misses >= 12
    assert services.uncached.predict.tally.hits_l1 == services.uncached.predict.tally.hits_l2 == 0
