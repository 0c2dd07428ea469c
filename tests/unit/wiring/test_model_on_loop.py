"""A model with a process of its own that is loaded in the serving process, too."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from foreseen.domain.counters import CALLS_ON_LOOP, Tally
from foreseen.domain.errors import ModelUnavailableError, PredictionError
from foreseen.domain.model.determinism import Determinism
from foreseen.domain.model.engine_use import EngineUse
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature
from foreseen.settings import Settings
from foreseen.wiring.model_on_loop import ModelOnLoop, may_run_on_loop
from foreseen.wiring.use_cases import wire_predict
from support.fakes import FLOWER, DictCache, FakePredictor, info_of
from support.time_limits import PATIENCE_S


class FakeProcess(FakePredictor):
    """A model in a process of its own, which may have ended."""

    def __init__(self) -> None:
        super().__init__()
        self.endings = 0


class Other(FakePredictor):
    """Answers otherwise than the process."""

    def predict(self, batch: Batch) -> Predictions:
        return Predictions({"prediction": [1.0] * len(batch)})


class Wired:
    """A use case around a fake process, and what loads the model beside it."""

    def __init__(
        self,
        load: Callable[[], Predictor] = FakePredictor,
        *,
        after: int = 4096,
        cpu_clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.process, self.thread, self.tally = FakeProcess(), ModelThread(), Tally()
        process: Any = self.process
        ticks = count()
        self.on_loop = ModelOnLoop(
            Settings(),
            process,
            self.thread,
            after=after,
            load=lambda _: load(),
            stopwatch=lambda: next(ticks),
            cpu_clock=cpu_clock,
        )
        self.predict = wire_predict(
            process,
            DictCache(),
            self.thread,
            slower_tiers=None,
            tally=self.tally,
            stopwatch=lambda: 0.0,
            on_loop=self.on_loop,
        )

    async def open(self) -> None:
        """Begin to load now, as after many calls, and wait until calls are opened or not."""
        self.on_loop.begin()
        await self.on_loop.finish()

    async def answer(self) -> list[bytes]:
        return (await self.predict(Batch.of(FLOWER, {"length": [1.0], "width": [0.5]}))).bodies

    async def close(self) -> None:
        await self.on_loop.close()
        await asyncio.to_thread(self.thread.close)

    @property
    def on_the_loop(self) -> int:
        """How many calls ran on the event loop."""
        return int(self.tally.counts[CALLS_ON_LOOP])


async def test_calls_run_on_the_loop_once_loaded_here() -> None:
    wired = Wired()
    assert await wired.answer() == [b'{"prediction":1.5}']
    assert wired.on_the_loop == 0

    await wired.open()

    assert await wired.answer() == [b'{"prediction":1.5}']
    assert wired.on_the_loop == 1
    await wired.close()


async def test_a_costly_model_is_never_called_on_the_loop() -> None:
    here: list[int] = []

    class Costly(FakePredictor):
        def predict(self, batch: Batch) -> Predictions:
            here.append(threading.get_ident())
            return super().predict(batch)

    wired = Wired(Costly, cpu_clock=count().__next__)
    await wired.open()
    await wired.answer()

    assert here
    assert threading.get_ident() not in here
    assert wired.on_the_loop == 0
    await wired.close()


async def test_it_is_loaded_here_after_so_many_calls() -> None:
    wired = Wired(after=2)
    loaded = []
    for _ in range(3):
        await wired.answer()
        await wired.on_loop.finish()
        loaded.append(wired.on_loop.has_loaded)

    assert loaded == [False, True, True]
    assert wired.on_the_loop == 1
    await wired.close()


@pytest.mark.parametrize(
    "error", [ModelUnavailableError("gone"), PredictionError("broken"), OSError("no room"), SystemExit(1)], ids=repr
)
async def test_a_model_that_fails_here_stays_in_its_process(error: BaseException) -> None:
    def load() -> Predictor:
        raise error

    wired = Wired(load)
    await wired.open()

    assert await wired.answer() == [b'{"prediction":1.5}']
    assert wired.on_the_loop == 0
    await wired.close()


async def test_another_model_in_the_file_is_not_used() -> None:
    def load() -> Predictor:
        other = FakePredictor()
        other.info = info_of(fingerprint=b"o" * 16)
        return other

    wired = Wired(load)
    await wired.open()
    await wired.answer()

    assert wired.on_the_loop == 0
    await wired.close()


async def test_a_model_that_answers_otherwise_here_is_not_used() -> None:
    wired = Wired(Other)
    await wired.open()

    assert await wired.answer() == [b'{"prediction":1.5}']
    assert wired.on_the_loop == 0
    await wired.close()


async def test_a_model_that_crashed_stays_in_its_process() -> None:
    wired = Wired()
    await wired.open()
    wired.process.endings = 1
    await wired.answer()

    assert wired.on_the_loop == 0
    await wired.close()


async def test_closing_does_not_wait_for_a_load() -> None:
    began, may_end = threading.Event(), threading.Event()

    def load() -> Predictor:
        began.set()
        may_end.wait(PATIENCE_S)
        return FakePredictor()

    wired = Wired(load)
    wired.on_loop.begin()
    await asyncio.to_thread(began.wait, PATIENCE_S)
    await wired.close()

    assert not may_end.is_set()
    may_end.set()


async def test_closing_releases_the_model_and_uses_the_process() -> None:
    wired = Wired()
    await wired.open()
    await wired.on_loop.close()

    assert await wired.answer() == [b'{"prediction":1.5}']
    assert wired.on_the_loop == 0
    await wired.close()


def of_scikit_learn(**facts: Any) -> ModelInfo:
    return replace(info_of(), **{"is_thread_safe": True, **facts})


def test_a_cheap_scikit_learn_model_runs_on_the_loop(iris_model: Path) -> None:
    assert may_run_on_loop(Settings(model=iris_model), of_scikit_learn())


def test_an_engine_of_any_library_runs_on_the_loop(iris_model: Path) -> None:
    info = of_scikit_learn(is_thread_safe=False, engine=EngineUse("treelite", verified=4096, max_rows=64))

    assert may_run_on_loop(Settings(model=iris_model), info)


@pytest.mark.parametrize(
    "info",
    [
        of_scikit_learn(is_thread_safe=False),
        of_scikit_learn(signature=Signature((Feature("text", "string"),), kind="regression")),
        of_scikit_learn(determinism=Determinism(is_repeatable=False, is_batch_invariant=False)),
        of_scikit_learn(determinism=Determinism(is_repeatable=True, is_batch_invariant=True, rejection="no")),
    ],
    ids=["own code", "texts", "random", "rejects made-up instances"],
)
def test_others_stay_in_their_process(iris_model: Path, info: ModelInfo) -> None:
    assert not may_run_on_loop(Settings(model=iris_model), info)


@pytest.mark.parametrize("model_isolation", ["process", "thread"])
def test_an_explicit_setting_is_respected(iris_model: Path, model_isolation: Any) -> None:
    assert not may_run_on_loop(Settings(model=iris_model, model_isolation=model_isolation), of_scikit_learn())


def test_numbers_may_be_missing_or_of_any_type(iris_model: Path) -> None:
    features = (Feature("length", missing=True), Feature("count", "int64"), Feature("image", shape=(2, 2)))

    assert may_run_on_loop(Settings(model=iris_model), of_scikit_learn(signature=Signature(features)))


def test_a_model_of_several_threads_stays_in_its_process(iris_model: Path) -> None:
    assert not may_run_on_loop(Settings(model=iris_model, model_threads=2), of_scikit_learn())


def test_a_missing_or_large_file_is_not_loaded_twice(tmp_path: Path) -> None:
    large = tmp_path / "large.pkl"
    with large.open("wb") as file:
        file.truncate(2**30)

    assert not may_run_on_loop(Settings(model=large), of_scikit_learn())
    assert not may_run_on_loop(Settings(model=tmp_path / "gone.pkl"), of_scikit_learn())


def test_a_folder_is_as_large_as_its_files(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "model.keras").open("wb") as file:
        file.truncate(2**20)
        assert may_run_on_loop(Settings(model=tmp_path), of_scikit_learn())
        file.truncate(2**30)

    assert not may_run_on_loop(Settings(model=tmp_path), of_scikit_learn())
