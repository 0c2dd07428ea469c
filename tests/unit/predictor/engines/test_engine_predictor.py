"""In service, some answers of the engine are computed by the library, too; one difference turns the engine off."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from foreseen.adapters.predictor.engines.engine_predictor import EnginePredictor
from foreseen.domain.errors import InvalidBatchError, PredictionError, Violation
from foreseen.domain.model.engine_switch import EngineCheck
from foreseen.domain.model.engine_use import EngineUse
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from support.fakes import FLOWER, FakePredictor
from support.processes import wait_until

USE = EngineUse("engine 1", verified=4096, max_rows=4)


def flowers(n: int = 1) -> Batch:
    return Batch.of(FLOWER, {"length": np.ones(n), "width": np.ones(n)})


def answering(value: float) -> Callable[[Batch], Predictions]:
    return lambda batch: Predictions({"prediction": [value] * len(batch)})


def predictor(
    library: FakePredictor, answer: Callable[[Batch], Predictions | None], *, one_in: int = 2
) -> tuple[EnginePredictor, list[EngineCheck]]:
    """Return an engine's predictor, and the checks that it makes from now on."""
    made, checks = EnginePredictor(library, answer, USE, one_in=one_in), list[EngineCheck]()
    made.engine_switch.on_check = checks.append
    return made, checks


def test_the_engine_answers_small_calls_and_the_library_large_ones() -> None:
    library = FakePredictor()
    made, _ = predictor(library, answering(2.0), one_in=100)

    made.predict(flowers(4))
    made.predict(flowers(5))

    assert library.calls == [5]
    assert made.info.engine == USE
    assert made.info == library.info


def test_what_the_engine_leaves_is_the_librarys() -> None:
    library = FakePredictor()
    made, _ = predictor(library, lambda _: None)

    assert made.predict(flowers()).encode().bodies == [b'{"prediction":2.0}']


def test_every_so_many_calls_are_checked_by_the_library() -> None:
    library = FakePredictor()
    made, checks = predictor(library, answering(2.0), one_in=3)

    for number in range(1, 7):
        made.predict(flowers())
        wait_until(lambda number=number: len(checks) == 2 * (number // 3))  # type: ignore[misc]

    assert library.calls == [1, 1]
    assert made.engine_switch.is_on


def test_one_difference_turns_the_engine_off(caplog: pytest.LogCaptureFixture) -> None:
    library = FakePredictor()
    made, checks = predictor(library, answering(2.5))
    differences: list[str] = []
    made.engine_switch.when_off(differences.append)

    made.predict(flowers())
    made.predict(flowers())
    wait_until(lambda: len(checks) == 2)

    difference = 'the answer {"prediction":2.5} differs from {"prediction":2.0}'
    assert checks == [EngineCheck(is_over=False), EngineCheck(is_over=True, difference=difference)]
    assert differences == [difference]
    assert f"the library computes every answer from now on, since with the engine {difference}" in caplog.text
    assert made.predict(flowers()).encode().bodies == [b'{"prediction":2.0}']


def test_an_answer_that_the_library_refuses_is_a_difference() -> None:
    library = FakePredictor()
    library.error = InvalidBatchError([Violation("a flower", "a tree")])
    made, _ = predictor(library, answering(2.0), one_in=1)

    made.predict(flowers())
    wait_until(lambda: not made.engine_switch.is_on)

    assert "the library rejects: expected a flower, got a tree" in made.engine_switch.difference


def test_a_library_that_fails_in_a_check_shows_no_difference() -> None:
    """It may have lacked memory, and the next check may succeed."""
    library = FakePredictor()
    library.error = PredictionError("the model failed in predict: MemoryError")
    made, checks = predictor(library, answering(2.0), one_in=1)

    made.predict(flowers())
    wait_until(lambda: len(checks) == 2)

    assert made.engine_switch.is_on


def test_the_library_answers_after_an_engine_failed() -> None:
    def fail(_: Batch) -> Predictions:
        raise MemoryError("of the engine")

    made, checks = predictor(FakePredictor(), fail)

    assert made.predict(flowers()).encode().bodies == [b'{"prediction":2.0}']
    assert "the engine failed: MemoryError" in made.engine_switch.difference
    assert [check.is_over for check in checks] == [False, True]


def test_a_listener_hears_of_an_engine_that_is_off_already() -> None:
    made, _ = predictor(FakePredictor(), answering(2.0))
    made.engine_switch.turn_off("first")
    made.engine_switch.turn_off("then")
    heard: list[str] = []

    made.engine_switch.when_off(heard.append)

    assert heard == ["first"]


def test_a_model_for_one_thread_is_checked_alone() -> None:
    library = FakePredictor()
    library.info = replace(library.info, is_thread_safe=False)
    made, checks = predictor(library, answering(2.0), one_in=1)

    made.predict(flowers())
    made.predict(flowers(9))
    wait_until(lambda: len(checks) == 2)

    assert sorted(library.calls) == [1, 9]
