"""The first promise: the same answer, with a cache or without, byte for byte."""

import asyncio
import functools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fakeredis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.single_server import OneServer
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.identity.entry import EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Cache, Predictor
from foreseen.domain.values.batch import Batch
from support.example_counts import examples
from support.fakes import DeadCache, FakePredictor
from support.models import iris_forest, iris_logistic, mixed_pipeline, save
from support.wired_use_cases import wired_predict

HOUR = Lifetime(3600.0)


def lru() -> Cache:
    return LruCache(max_entries=1000, max_bytes=2**20, lifetime=HOUR)


def tiny_lru() -> Cache:
    return LruCache(max_entries=2, max_bytes=2**20, lifetime=HOUR)


def redis() -> RedisCache:
    client: Any = fakeredis.FakeAsyncRedis()
    return RedisCache(OneServer(client), model_name="m", lifetime=HOUR, entry_format=EntryFormat())


def tiered() -> Cache:
    return TieredCache(tiny_lru(), redis())


def tiered_over_a_dead_one() -> Cache:
    return TieredCache(tiny_lru(), GuardedCache(DeadCache(), budget_s=1.0, probe_after_s=60.0))


CACHES: list[Callable[[], Cache]] = [lru, tiny_lru, redis, tiered, tiered_over_a_dead_one]


@functools.cache
def loaded(train: Callable[[], Any], *outputs: str) -> Predictor:
    with tempfile.TemporaryDirectory() as folder:
        return load_predictor(save(train(), Path(folder)), outputs=outputs)


def fake() -> Predictor:
    return FakePredictor()


def forest() -> Predictor:
    return loaded(iris_forest, "predict", "predict_proba")


def logistic() -> Predictor:
    return loaded(iris_logistic, "predict", "predict_proba")


def mixed() -> Predictor:
    return loaded(mixed_pipeline, "predict", "predict_proba")


FLOATS = st.sampled_from([0.0, -0.0, 0.1, 1.0, 2.5, 5.1, 1e-300])
INSTANCES: dict[Callable[[], Predictor], st.SearchStrategy[tuple[Any, ...]]] = {
    fake: st.tuples(FLOATS, FLOATS),
    forest: st.tuples(FLOATS, FLOATS, FLOATS, FLOATS),
    logistic: st.tuples(FLOATS, FLOATS, FLOATS, FLOATS),
    mixed: st.tuples(st.sampled_from(["red", "green", "blue"]), FLOATS | st.none(), FLOATS),
}


@contextmanager
def model_thread() -> Iterator[ModelThread]:
    thread = ModelThread()
    try:
        yield thread
    finally:
        thread.close()


async def answers(predictor: Predictor, cache: Cache, requests: Sequence[Sequence[Any]]) -> list[list[bytes]]:
    """Send one request after the other, and end what the cache left running."""
    names = predictor.info.signature.names
    with model_thread() as thread:
        predict = wired_predict(predictor, cache, thread)
        given = []
        for rows in requests:
            batch = Batch.of(predictor.info.signature, {name: [row[i] for row in rows] for i, name in enumerate(names)})
            given.append((await predict(batch)).bodies)
    for probe in asyncio.all_tasks() - {asyncio.current_task()}:
        probe.cancel()
    return given


@pytest.mark.parametrize("build", CACHES, ids=lambda build: build.__name__)
@pytest.mark.parametrize("load", INSTANCES, ids=lambda load: load.__name__)
@settings(max_examples=examples(5), deadline=None)
@given(data=st.data())
def test_with_any_cache_the_answers_are_those_of_none(
    load: Callable[[], Predictor], build: Callable[[], Cache], data: st.DataObject
) -> None:
    predictor = load()
    requests = data.draw(st.lists(st.lists(INSTANCES[load], min_size=1, max_size=5), min_size=2, max_size=4))
    requests.append(requests[0])

    with_cache = asyncio.run(answers(predictor, build(), requests))
    without = asyncio.run(answers(predictor, NoCache(), requests))

    assert with_cache == without
