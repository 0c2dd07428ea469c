"""A difference between engine and library removes what was cached, is counted, and is shown."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from foreseen.adapters.predictor.closable_predictor import ClosablePredictor
from foreseen.adapters.predictor.engines.engine_predictor import EnginePredictor
from foreseen.domain.counters import ENGINES_OFF
from foreseen.domain.model.engine_use import EngineUse
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.settings import Settings
from foreseen.wiring.engine_watch import watch_engine
from foreseen.wiring.predictors import ServedModel, engine_switch_of
from foreseen.wiring.service import Service, opened, purge_of, wire_service
from support.fakes import FLOWER, FakePredictor
from support.processes import wait_until


def served(value: float) -> Service:
    """Return a service around an engine that answers with a number, whose library answers 2.0."""

    def answer(batch: Batch) -> Predictions:
        return Predictions({"prediction": [value] * len(batch)})

    use = EngineUse("engine 1", verified=4096, max_rows=4)
    return wire_service(Settings(), ClosablePredictor(EnginePredictor(FakePredictor(), answer, use, one_in=2)))


async def test_one_difference_empties_the_cache_and_is_counted() -> None:
    service = served(2.5)
    async with opened(service) as predict:
        watch_engine(service, purge_of(service))
        assert service.model_engine == "engine 1, verified on 4,096 instances"
        for length in (1.0, 2.0):
            await predict(Batch.of(FLOWER, {"length": np.array([length]), "width": np.ones(1)}))
        await asyncio.to_thread(wait_until, lambda: service.model_engine.startswith("library"))
        l1 = service.caches.l1
        assert l1 is not None
        await asyncio.to_thread(wait_until, lambda: not l1.entries)
        answer = await predict(Batch.of(FLOWER, {"length": np.ones(1), "width": np.ones(1)}))

    assert service.caches.tally.counts[ENGINES_OFF] == 1
    assert answer.bodies == [b'{"prediction":2.0}']
    assert service.model_engine.startswith('library (the engine is off: the answer {"prediction":2.5} differs from')


async def test_a_model_without_an_engine_is_not_watched() -> None:
    service = wire_service(Settings(), FakePredictor())
    async with opened(service):
        watch_engine(service, purge_of(service))

    assert engine_switch_of(service.predictor) is None


@pytest.mark.usefixtures("fresh_processes")
def test_a_process_without_engine_is_replaced_by_the_library(iris_model: Path) -> None:
    settings = Settings(model=iris_model, model_isolation="process")
    predictor = ServedModel(settings).loaded()
    try:
        assert predictor.info.engine.name
        switch = engine_switch_of(predictor)
        assert switch is not None
        predictor.without_engine("of another process")  # type: ignore[attr-defined] # it is a ProcessPredictor
        signature = predictor.info.signature
        batch = Batch.of(signature, {name: [1.0] for name in signature.names})

        assert len(predictor.predict(batch)) == 1
        assert not switch.is_on
        assert predictor.process.loaded().engine.reason == "as chosen"  # type: ignore[attr-defined] # as above
    finally:
        predictor.close()  # type: ignore[attr-defined] # as above
