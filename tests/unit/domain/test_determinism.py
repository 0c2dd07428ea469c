"""Whether a model repeats itself, and minds its neighbours."""

import numpy as np

from foreseen.domain.batch import Batch
from foreseen.domain.determinism import Determinism, determinism
from foreseen.domain.errors import PredictionError
from foreseen.domain.predictions import Predictions
from support.fakes import FakePredictor


class Moody(FakePredictor):
    """Answers each call with its number."""

    def predict(self, batch: Batch) -> Predictions:
        self.calls.append(len(batch))
        return Predictions({"prediction": [float(len(self.calls))] * len(batch)})


class Sociable(FakePredictor):
    """Answers with the number of instances that were asked together."""

    def predict(self, batch: Batch) -> Predictions:
        return Predictions({"prediction": [float(len(batch))] * len(batch)})


class Late(FakePredictor):
    """Answers one call, the second, otherwise than all others."""

    def predict(self, batch: Batch) -> Predictions:
        told = super().predict(batch)
        return Predictions({"prediction": [9.0] * len(batch)}) if len(self.calls) == 2 else told


class Noisy(FakePredictor):
    """Adds to each answer what it never adds again."""

    random = np.random.default_rng()

    def predict(self, batch: Batch) -> Predictions:
        self.calls.append(len(batch))
        return Predictions({"prediction": self.random.normal(size=len(batch)).tolist()})


class Short(FakePredictor):
    """Answers fewer instances than it is asked for."""

    def predict(self, batch: Batch) -> Predictions:
        return Predictions({"prediction": [1.0] * (len(batch) - 1)})


class Calendar:
    """A clock on which each call of a model takes as long as it has rows, times a number of seconds."""

    def __init__(self, predictor: FakePredictor, row_s: float) -> None:
        self._predictor = predictor
        self._row_s = row_s

    def __call__(self) -> float:
        return self._predictor.rows * self._row_s


def test_a_steady_model_is_both() -> None:
    assert determinism(FakePredictor()) == Determinism(is_repeatable=True, is_batch_invariant=True)


def test_a_model_with_moods_is_not_repeatable() -> None:
    assert not determinism(Moody()).is_repeatable


def test_a_model_that_minds_its_neighbours_is_repeatable_and_not_invariant() -> None:
    assert determinism(Sociable()) == Determinism(is_repeatable=True, is_batch_invariant=False)


def test_a_model_that_refuses_the_probe_says_why() -> None:
    predictor = FakePredictor()
    predictor.error = PredictionError("no such luck")

    assert determinism(predictor) == Determinism(is_repeatable=False, is_batch_invariant=False, refusal="no such luck")


def test_a_model_that_differs_only_in_its_second_call_is_caught() -> None:
    found = determinism(Late())

    assert not found.is_repeatable
    assert found.difference is not None
    assert found.difference.then == '{"prediction":9.0}'


def test_a_model_that_adds_noise_is_not_repeatable_and_its_answers_are_told() -> None:
    found = determinism(Noisy())

    assert not found.is_repeatable
    assert str(found.difference).startswith('{"length": ')
    assert ' got {"prediction":' in str(found.difference)
    assert ", and then " in str(found.difference)


def test_what_differs_only_beside_others_is_told_with_both_answers() -> None:
    found = determinism(Sociable())

    assert found.difference is not None
    assert (found.difference.first, found.difference.then) == ('{"prediction":1.0}', '{"prediction":8.0}')


def test_a_model_that_does_not_answer_each_instance_is_told_as_that() -> None:
    assert determinism(Short()).refusal == "expected 1 predictions from the model, got 0"


def test_a_slow_model_is_asked_for_what_the_time_allows() -> None:
    quick, slow, slowest = FakePredictor(), FakePredictor(), FakePredictor()

    assert determinism(quick, budget_s=2.0, clock=Calendar(quick, 0.01)).is_repeatable
    assert determinism(slow, budget_s=2.0, clock=Calendar(slow, 0.15)).is_repeatable
    assert determinism(slowest, budget_s=2.0, clock=Calendar(slowest, 60.0)).is_repeatable
    assert quick.calls == [1, 1, 8, 8, 8, 3, 1]
    assert slow.calls == [1, 1, 8]
    assert slowest.calls == [1, 1]
