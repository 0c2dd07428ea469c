"""A service that is wired: it opens, answers and closes in order, and hands its caches to the next model."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest

from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.domain.answer import Origin
from foreseen.domain.predict import Predict
from foreseen.domain.values.batch import Batch
from foreseen.settings import Settings
from foreseen.wiring.predictors import ServedModel
from foreseen.wiring.service import Service, opened, rewire, wire_service
from support.fakes import FLOWER, DictCache, FakePredictor

CACHES = get_args(Settings.model_fields["cache"].annotation)


def wired(**flags: Any) -> Service:
    """Wire a fake model; Redis is at a port where nothing listens."""
    return wire_service(Settings(redis_url="redis://127.0.0.1:1/0", **flags), FakePredictor())


def flower() -> Batch:
    return Batch.of(FLOWER, {"length": [1.0], "width": [0.5]})


def test_the_model_is_loaded_once(iris_model: Path) -> None:
    settings = Settings(model=iris_model, model_isolation="thread", outputs=("predict", "predict_proba"))
    made = wire_service(settings, ServedModel(settings).loaded())

    assert made.predict.predictor is made.predictor
    assert made.predictor.info.output_names == ("predict", "predict_proba")


def test_leases_are_claimed_above_the_cost_that_is_set() -> None:
    across_processes = wired(cache="redis", lease_min_cost="1s").predict.stages.across_processes

    assert across_processes is not None
    assert across_processes.min_cost_s == 1.0


@pytest.mark.parametrize("cache", ["none", "lru"])
def test_without_a_shared_tier_nothing_is_leased(cache: str) -> None:
    assert wired(cache=cache).predict.stages.across_processes is None


def test_the_next_model_has_the_caches_of_the_one_before() -> None:
    before = wired(cache="tiered")

    after = rewire(before, before.settings, FakePredictor())

    assert after.caches is before.caches
    assert after.predict.tally is before.predict.tally
    assert after.model_thread is not before.model_thread


def test_an_uncached_next_model_has_only_the_counts() -> None:
    before = wired(cache="tiered")

    after = rewire(before, before.settings.model_copy(update={"cache": "none"}), FakePredictor())

    assert isinstance(after.caches.cache, NoCache)
    assert (after.caches.l1, after.caches.l2) == (None, None)
    assert after.caches.tally is before.caches.tally
    assert after.caches.purge_here is before.caches.purge_here


@pytest.mark.parametrize("cache", CACHES)
async def test_a_service_of_any_cache_opens_answers_and_closes(cache: str) -> None:
    """Redis is away in all of them: that costs no answer."""
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    made = wired(cache=cache, redis_timeout="1s")

    async with opened(made) as predict:
        first, second = await predict(flower()), await predict(flower())

    assert first.bodies == second.bodies == [b'{"prediction":1.5}']
    assert second.origins == ((Origin.L1,) if made.settings.tiers.has_l1 else (Origin.MODEL,))
    assert asyncio.all_tasks() == tasks
    assert set(threading.enumerate()) <= threads


class Resource(DictCache):
    """A shared tier that notes when it is opened and closed."""

    def __init__(self, notes: list[str]) -> None:
        super().__init__()
        self._notes = notes

    async def __aenter__(self) -> "Resource":
        self._notes.append("cache opened")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._notes.append("cache closed")


class Thread:
    """A model thread that notes when it is closed."""

    busy_s = 0.0

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def close(self) -> None:
        self._notes.append("thread closed")


def noted(notes: list[str]) -> Service:
    made = wired(cache="redis")
    assert made.caches.l2 is not None
    opening: Any = Resource(notes)
    thread: Any = Thread(notes)
    tier = replace(made.caches.l2, cache=opening)
    return replace(made, caches=replace(made.caches, l2=tier), model_thread=thread)


async def test_opened_parts_are_closed_in_the_opposite_order() -> None:
    notes: list[str] = []

    async with opened(noted(notes)) as predict:
        assert isinstance(predict, Predict)
        assert notes == ["cache opened"]

    assert notes == ["cache opened", "cache closed", "thread closed"]


async def test_it_is_closed_when_the_body_raises() -> None:
    notes: list[str] = []

    with pytest.raises(ZeroDivisionError):
        async with opened(noted(notes)):
            raise ZeroDivisionError

    assert notes == ["cache opened", "cache closed", "thread closed"]
