"""Steady calls: the same answers, and a model that sees no other batch size."""

import pytest

from foreseen.domain.errors import PredictionError
from foreseen.domain.model.call_size import CallSize
from foreseen.domain.model.fixed_batch_size import FixedSizePredictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from support.fakes import FLOWER, FakePredictor, info_of


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

    answers = FixedSizePredictor(inner, info_of(call_size=CallSize(fixed=rows))).predict(flowers(n))

    assert set(inner.calls) == {rows}
    assert len(inner.calls) == -(-n // rows)
    assert answers.encode() == FakePredictor().predict(flowers(n)).encode()


@pytest.mark.parametrize(("n", "called"), [(1, 2), (2, 2), (3, 3), (100, 100)])
def test_a_lone_row_is_padded_and_larger_batches_are_not(n: int, called: int) -> None:
    inner = FakePredictor()

    answers = FixedSizePredictor(inner, info_of(call_size=CallSize(least=2))).predict(flowers(n))

    assert inner.calls == [called]
    assert answers.encode() == FakePredictor().predict(flowers(n)).encode()


@pytest.mark.parametrize("error", [-1, 1])
@pytest.mark.parametrize("n", [1, 5])
def test_padding_does_not_hide_a_wrong_number_of_predictions(error: int, n: int) -> None:
    with pytest.raises(PredictionError, match=f"expected 4 predictions from the model, got {4 + error}"):
        FixedSizePredictor(Miscounting(error), info_of(call_size=CallSize(fixed=4))).predict(flowers(n))


class Preparing(FakePredictor):
    """Notes which rows are prepared."""

    def __init__(self) -> None:
        super().__init__()
        self.prepared_rows: list[int] = []

    def prepared(self, batch: Batch) -> Batch:
        self.prepared_rows.append(len(batch))
        return batch


@pytest.mark.parametrize(("n", "prepared"), [(1, [2]), (2, [2]), (33, [33]), (8192, [8192]), (10_000, [8192, 1808])])
def test_rows_are_prepared_together_but_never_a_lone_one(n: int, prepared: list[int]) -> None:
    inner = Preparing()

    answers = FixedSizePredictor(inner, info_of(call_size=CallSize(fixed=32))).predict(flowers(n))

    assert inner.prepared_rows == prepared
    assert set(inner.calls) == {32}
    assert answers.encode() == FakePredictor().predict(flowers(n)).encode()
