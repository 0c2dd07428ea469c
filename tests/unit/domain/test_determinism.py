"""Whether a model repeats itself, and minds its neighbours."""

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
