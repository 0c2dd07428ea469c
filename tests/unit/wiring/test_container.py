"""The composition root: each setting builds what it says, once, and what is opened is closed."""

import asyncio
import threading
from pathlib import Path
from typing import Any, get_args

import pytest
from dependency_injector import providers

from foreseen.adapters.cache.adaptive.adaptive_cache import WorthwhileCache
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.domain.answer import Origin
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.predict import Predict
from foreseen.domain.values.batch import Batch
from foreseen.settings import Settings
from foreseen.wiring.container import Container, opened
from support.cache_contract import A, entry
from support.fakes import FLOWER, DictCache, FakePredictor
from support.loop_guard import loops_of_a_command

CACHES = get_args(Settings.model_fields["cache"].annotation)


def container(**flags: Any) -> Any:
    """Wire settings; Redis is at a port where nobody listens."""
    return Container(settings=Settings(redis_url="redis://127.0.0.1:1/0", **flags))


def with_fake_model(**flags: Any) -> Any:
    made = container(**flags)
    made.predictor.override(providers.Object(FakePredictor()))
    return made


def flower() -> Batch:
    return Batch.of(FLOWER, {"length": [1.0], "width": [0.5]})


@pytest.mark.parametrize(
    ("cache", "built"),
    [("none", NoCache), ("lru", LruCache), ("redis", WorthwhileCache), ("tiered", TieredCache), ("auto", TieredCache)],
)
def test_each_cache_setting_builds_what_it_says(cache: str, built: type) -> None:
    assert type(container(cache=cache).cache()) is built


def test_every_cache_that_can_be_set_can_be_built_and_opened() -> None:
    assert set(Container.cache.providers) == set(Container.resources.providers) == set(CACHES) - {"auto"}
    for cache in CACHES:
        made = container(cache=cache)
        assert made.cache() is not None
        assert hasattr(made.resources(), "__aenter__")


@pytest.mark.parametrize("name", ["cache", "l1", "l2", "tiered", "redis", "servers", "lifetime", "inventory"])
def test_what_holds_state_is_there_once(name: str) -> None:
    made = container(cache="tiered")

    assert getattr(made, name)() is getattr(made, name)()
    assert getattr(made, name)() is not getattr(container(cache="tiered"), name)()


def test_the_model_is_loaded_once(iris_model: Path) -> None:
    made = container(model=iris_model, model_isolation="thread", outputs="predict,predict_proba")

    assert made.predictor() is made.predictor()
    assert made.predict() is made.predict()
    assert made.predict().predictor is made.predictor()
    assert made.predictor().info.output_names == ("predict", "predict_proba")


def test_what_is_opened_is_what_is_used() -> None:
    for cache in ("redis", "tiered"):
        made = container(cache=cache)
        assert made.resources() is made.worthwhile()
        assert made.worthwhile()._inner is made.l2()
    assert made.cache()._l1 is made.l1()
    assert made.cache()._l2 is made.worthwhile()


def test_auto_has_redis_where_its_url_was_set() -> None:
    assert isinstance(container(cache="auto").cache(), TieredCache)
    assert isinstance(Container(settings=Settings(cache="auto")).cache(), LruCache)


def test_a_tier_that_is_always_asked_is_never_judged() -> None:
    for cache in ("redis", "tiered"):
        made = container(cache=cache, redis_lookups="always")
        assert made.resources() is made.l2()
        assert made.l2() in (made.cache(), getattr(made.cache(), "_l2", None))


async def test_the_lru_has_the_bounds_that_were_set() -> None:
    keys = (A, A[:-1] + b"b", A[:-1] + b"c")
    cache = container(cache="lru", lru_max_entries=2, lru_max_bytes="1MiB").cache()
    await cache.put_many({key: entry() for key in keys})
    assert cache.entries == 2

    await cache.put_many({key: entry(b"x" * 400 * 1024) for key in keys})
    assert cache.entries == 2
    await cache.put_many({key: entry(b"x" * 600 * 1024) for key in keys})
    assert cache.entries == 1


def test_the_ttl_is_that_of_every_tier() -> None:
    made, kept = container(cache="tiered", ttl="1m"), entry()

    assert made.l1()._lifetime is made.redis()._lifetime is made.lifetime()
    assert 54e6 <= made.lifetime().ends_at_us(A, kept) - kept.created_at_us <= 66e6


def test_redis_is_reached_as_the_settings_say() -> None:
    made = container(
        cache="redis", model="flowers.joblib", redis_mode="single", redis_max_connections=3, redis_timeout="50ms"
    )
    pool = asyncio.run(made.servers().primaries())[0].connection_pool

    assert (pool.connection_kwargs["port"], pool.max_connections) == (1, 3)
    assert made.l2()._budget_s == 0.05
    assert made.redis()._name(A) == "foreseen:flowers:" + "6e" * 8 + ":61"
    assert isinstance(made.redis(), RedisCache)
    assert isinstance(made.inventory(), RedisInventory)


@pytest.mark.parametrize("cache", CACHES)
def test_leases_are_asked_for_where_a_tier_is_shared(cache: str) -> None:
    made = container(cache=cache, model="flowers.joblib", lease="5s", redis_timeout="50ms", redis_max_connections=3)

    leases = made.leases()

    if cache in ("none", "lru"):
        assert leases is None
    else:
        assert (leases._lease_s, leases._budget_s) == (5.0, 0.05)
        assert leases._table._name(A) == "foreseen:flowers:lease:" + "6e" * 8 + ":61"
        assert leases._pushes._servers is leases._table._servers is made.servers()


def test_leases_are_claimed_above_the_cost_that_is_set() -> None:
    across_processes = with_fake_model(cache="redis", lease_min_cost="1s").predict().stages.across_processes

    assert across_processes is not None
    assert across_processes.min_cost_s == 1.0


def test_the_secret_seals_the_entries() -> None:
    plain, first, second = (container(redis_secret=secret).entry_format() for secret in ("", "hush", "hush"))

    assert first.seal(A, entry()) != plain.seal(A, entry())
    kept = entry()
    assert second.unseal(A, first.seal(A, kept)) == kept


def test_settings_of_another_type_are_refused() -> None:
    with pytest.raises(Exception, match="is not an instance of"):
        Container(settings={"cache": "lru"}).settings()


@pytest.mark.parametrize("cache", CACHES)
async def test_a_service_of_any_cache_opens_answers_and_closes(cache: str) -> None:
    """Redis is away in all of them: that costs no answer."""
    tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
    made = with_fake_model(cache=cache, redis_timeout="1s")

    async with opened(made) as predict:
        first, second = await predict(flower()), await predict(flower())

    assert first.bodies == second.bodies == [b'{"prediction":1.5}']
    assert second.origins == ((Origin.L1,) if cache in ("lru", "tiered", "auto") else (Origin.MODEL,))
    assert asyncio.all_tasks() == tasks
    assert set(threading.enumerate()) <= threads


class Resource(DictCache):
    """A far tier that notes when it is opened and closed."""

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


def noted(notes: list[str]) -> Any:
    made = with_fake_model(cache="redis")
    made.l2.override(providers.Object(Resource(notes)))
    made.model_thread.override(providers.Object(Thread(notes)))
    return made


async def test_what_was_opened_is_closed_in_the_opposite_order() -> None:
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


async def test_it_is_closed_when_the_model_cannot_be_loaded(tmp_path: Path) -> None:
    notes: list[str] = []
    made = container(cache="redis", model=tmp_path / "no.joblib", model_isolation="thread")
    made.l2.override(providers.Object(Resource(notes)))
    made.model_thread.override(providers.Object(Thread(notes)))

    with loops_of_a_command(), pytest.raises(ModelUnavailableError):  # a load holds a loop that serves no one yet
        async with opened(made):
            raise AssertionError("it opened without a model")

    assert notes == ["cache opened", "cache closed", "thread closed"]
