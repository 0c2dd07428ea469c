"""Whether a model repeats itself, and minds its neighbours."""

import numpy as np

from foreseen.domain.errors import PredictionError
from foreseen.domain.model.determinism import Determinism, determinism
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from support.fakes import FakePredictor


class Moody(FakePredictor):
    """Answers each call with its number."""

    def predict(self, batch: Batch) -> Predictions:
        self.calls.append(len(batch))
        return Predictions({"prediction": [float(len(self.calls))] * len(batch)})


class Sociable(FakePredictor):
    """Answers with the number of instances that came together."""

    def predict(self, batch: Batch) -> Predictions:
        return Predictions({"prediction": [float(len(batch))] * len(batch)})


class Late(FakePredictor):
    """Answers one call, the second, otherwise than all others."""

    def predict(self, batch: Batch) -> Predictions:
        predicted = super().predict(batch)
        return Predictions({"prediction": [9.0] * len(batch)}) if len(self.calls) == 2 else predicted


class Noisy(FakePredictor):
    """Adds to each answer what it never adds again."""

    random = np.random.default_rng()

    def predict(self, batch: Batch) -> Predictions:
        self.calls.append(len(batch))
        return Predictions({"prediction": self.random.normal(size=len(batch)).tolist()})


class Short(FakePredictor):
    """Answers fewer instances than it is called with."""

    def predict(self, batch: Batch) -> Predictions:
        return Predictions({"prediction": [1.0] * (len(batch) - 1)})


def found(predictor: FakePredictor) -> Determinism:
    return determinism(predictor.predict, predictor.info.signature)


def test_a_steady_model_is_both() -> None:
    assert found(FakePredictor()) == Determinism(is_repeatable=True, is_batch_invariant=True)


def test_a_model_with_moods_is_not_repeatable() -> None:
    assert not found(Moody()).is_repeatable


def test_a_batch_dependent_model_is_repeatable_and_not_invariant() -> None:
    assert found(Sociable()) == Determinism(is_repeatable=True, is_batch_invariant=False)


def test_the_reason_of_a_rejected_probe_is_shown() -> None:
    predictor = FakePredictor()
    predictor.error = PredictionError("no such luck")

    assert found(predictor) == Determinism(is_repeatable=False, is_batch_invariant=False, rejection="no such luck")


def test_a_model_that_differs_in_its_second_call_is_caught() -> None:
    seen = found(Late())

    assert not seen.is_repeatable
    assert seen.difference is not None
    assert seen.difference.then == '{"prediction":9.0}'


def test_a_noisy_model_is_unrepeatable_with_answers_shown() -> None:
    seen = found(Noisy())

    assert not seen.is_repeatable
    assert str(seen.difference).startswith('{"length": ')
    assert ' got {"prediction":' in str(seen.difference)
    assert ", and then " in str(seen.difference)


def test_a_batch_dependence_is_shown_with_both_answers() -> None:
    seen = found(Sociable())

    assert seen.difference is not None
    assert (seen.difference.first, seen.difference.then) == ('{"prediction":1.0}', '{"prediction":8.0}')


def test_a_model_with_missing_answers_is_reported_as_such() -> None:
    assert found(Short()).rejection == "expected 1 predictions from the model, got 0"


def test_slow_and_quick_models_are_called_equally_often() -> None:
    predictor = FakePredictor()

    assert found(predictor).is_repeatable
    assert predictor.calls == [1, 1, 8, 8, 8, 3]
