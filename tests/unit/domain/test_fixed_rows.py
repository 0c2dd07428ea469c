"""Calls of a fixed number of rows: the same answers, and a model that never sees another batch size."""

import pytest

from foreseen.domain.batch import Batch
from foreseen.domain.errors import PredictionError
from foreseen.domain.fixed_rows import FixedRowsPredictor
from foreseen.domain.predictions import Predictions
from support.fakes import FLOWER, FakePredictor


def flowers(n: int) -> Batch:
    return Batch.of(FLOWER, {"length": [float(i) for i in range(n)], "width": [0.5] * n})


class Miscounting(FakePredictor):
    """Answers one instance too many or too few."""

    def __init__(self, error: int) -> None:
        super().__init__()
        self.miscount = error

    def predict(self, batch: Batch) -> Predictions:
        return Predictions({"prediction": [0.0] * (len(batch) + self.miscount)})


@pytest.mark.parametrize("rows", [1, 2, 4, 32])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 31, 32, 33, 64, 65])
def test_answers_are_those_of_the_model_itself(rows: int, n: int) -> None:
    inner = FakePredictor()

    answers = FixedRowsPredictor(inner, rows).predict(flowers(n))

    assert set(inner.calls) == {rows}
    assert len(inner.calls) == -(-n // rows)
    assert answers.encode() == FakePredictor().predict(flowers(n)).encode()


def test_it_answers_for_the_same_model() -> None:
    inner = FakePredictor()
    fixed = FixedRowsPredictor(inner, 32)

    assert (fixed.fingerprint, fixed.signature) == (inner.fingerprint, inner.signature)
    assert (fixed.outputs, fixed.versions) == (inner.outputs, inner.versions)


@pytest.mark.parametrize("error", [-1, 1])
@pytest.mark.parametrize("n", [1, 5])
def test_a_wrong_number_of_predictions_is_not_hidden_by_the_filling(error: int, n: int) -> None:
    with pytest.raises(PredictionError, match=f"expected 4 predictions from the model, got {4 + error}"):
        FixedRowsPredictor(Miscounting(error), 4).predict(flowers(n))
