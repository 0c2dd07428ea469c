"""Calls of a cheap model on the event loop, beside the process that the model has."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.answer import Answer
from foreseen.domain.counters import CALLS_ON_LOOP
from foreseen.domain.errors import DeadlineExceededError
from foreseen.domain.model.call_placement import SIZES
from foreseen.domain.values.batch import Batch
from foreseen.settings import Settings
from foreseen.wiring.predictors import ServedModel
from foreseen.wiring.retiring import retire
from foreseen.wiring.service import Service, opened, rewire, wire_service
from support.models import IRIS_NAMES, iris_logistic, save
from support.processes import WITHOUT_TLS, served, wait_until
from support.time_limits import PATIENCE_S


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return those of a logistic regression, the last bits of which depend on how it is called."""
    model = save(iris_logistic(), tmp_path)
    return Settings(model=model, features=tuple(IRIS_NAMES), outputs=("predict", "predict_proba"), cache="none")


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Service]:
    service = wire_service(settings, ServedModel(settings).loaded())
    async with opened(service):
        yield service


async def load_here(service: Service) -> None:
    """Load the model here as after many calls; those of up to 64 rows run here then, whatever they cost."""
    assert service.on_loop is not None
    service.on_loop.begin()
    await service.on_loop.finish()
    service.on_loop.placement.open([(0.0, 60.0)] * len(SIZES))


def calls_here(service: Service) -> int:
    return int(service.predict.tally.counts[CALLS_ON_LOOP])


async def answered(service: Service, n: int, *, seed: int = 0, timeout_s: float = PATIENCE_S) -> Answer:
    """Request n instances that are made up."""
    random = np.random.default_rng(seed)
    signature = service.predictor.info.signature
    batch = Batch.of(signature, {name: random.normal(size=n) * 3 for name in signature.names})
    return await service.predict(batch, timeout_s=timeout_s)


async def test_answers_have_the_same_bits_in_both_places(settings: Settings) -> None:
    sizes = (1, 2, 7, 31, 33, 64)
    async with serving(settings) as service:
        there = [(await answered(service, n, seed=n)).bodies for n in sizes]
        await load_here(service)
        before = calls_here(service)
        here = [(await answered(service, n, seed=n)).bodies for n in sizes]

        assert here == there
        assert calls_here(service) > before
        assert service.model_runs.startswith(("on the event loop", "in a process of its own: a call"))


async def test_a_large_batch_in_the_process_has_equal_bits(settings: Settings) -> None:
    async with serving(settings) as service:
        await load_here(service)
        both = (await answered(service, 200)).bodies

        assert calls_here(service) == 0
        assert len(both) == 200


async def test_a_model_whose_process_died_is_not_called_here(settings: Settings) -> None:
    async with serving(settings) as service:
        await load_here(service)
        assert isinstance(service.predictor, ProcessPredictor)
        os.kill(service.predictor.process.pid, signal.SIGKILL)
        service.predictor.process.ending()
        await answered(service, 200)  # which is too large for here, and starts another process
        before = calls_here(service)

        assert len((await answered(service, 1)).bodies) == 1
        assert calls_here(service) == before


async def test_a_deadline_that_has_passed_is_answered(settings: Settings) -> None:
    async with serving(settings) as service:
        await load_here(service)

        with pytest.raises(DeadlineExceededError):
            await answered(service, 1, timeout_s=0.0)
        assert len((await answered(service, 1)).bodies) == 1


async def test_a_reload_begins_in_the_process_again(settings: Settings) -> None:
    async with serving(settings) as service:
        await load_here(service)
        before = (await answered(service, 3)).bodies
        after = rewire(service, settings, ServedModel(settings).loaded())
        assert after.model_runs == "in a process of its own"  # until some calls have gone there
        assert (await answered(after, 3)).bodies == before
        await load_here(after)
        assert (await answered(after, 3)).bodies == before
        await retire(after)


@pytest.mark.parametrize(
    ("model_isolation", "runs"),
    [("process", "in a process of its own"), ("thread", "in a thread of the serving process")],
)
async def test_an_explicit_setting_keeps_all_calls_in_one_place(
    settings: Settings, model_isolation: str, runs: str
) -> None:
    async with serving(settings.model_copy(update={"model_isolation": model_isolation})) as service:
        assert service.on_loop is None
        assert service.model_runs == runs


def test_a_service_moves_cheap_calls_to_its_loop_with_equal_bytes(settings: Settings) -> None:
    line = (settings.model, "--features", ",".join(IRIS_NAMES), "--outputs", "predict,predict_proba", "--cache", "none")
    flower = dict.fromkeys(IRIS_NAMES, 3.25)
    with (
        served(*line, module="support.serve_with_calls_on_loop", is_fresh=True) as running,
        httpx.Client(base_url=running.url, **WITHOUT_TLS) as client,
    ):
        there = client.post("/predict", json=flower).content

        def has_moved() -> bool:
            assert {client.post("/predict", json=flower).content for _ in range(32)} == {there}
            return "a call takes" in client.get("/model").json()["runs"]

        assert client.get("/model").json()["runs"] == "in a process of its own"
        wait_until(has_moved)
        assert {client.post("/predict", json=flower).content for _ in range(32)} == {there}
        assert not running.complaints
