"""Large calls take the place of small ones only where thousands of rows had the same bits both ways."""

import pytest

from foreseen.domain.batch import Batch
from foreseen.domain.call_size import CallSize
from foreseen.domain.large_calls import COMPARED_ROWS, LARGE_ROWS, LargeCalls
from foreseen.domain.steady import SteadyPredictor
from support.fakes import FLOWER, FakePredictor, info_of


class Raw(FakePredictor):
    """A fake that shows bits; from a row on they are others in large calls."""

    def __init__(self, *, differs_from: float = float("inf")) -> None:
        super().__init__()
        self._differs_from = differs_from

    def raw(self, batch: Batch) -> list[bytes]:
        lengths = batch.columns[0]
        return [value.tobytes() + bytes([bool(value >= self._differs_from) and len(lengths) > 32]) for value in lengths]


def flowers(n: int, start: int = 0) -> Batch:
    return Batch.of(FLOWER, {"length": [float(start + i) for i in range(n)], "width": [0.5] * n})


def served(model: Raw) -> SteadyPredictor:
    return SteadyPredictor(model, info_of(call_size=CallSize(fixed=32)), LargeCalls(model, 32))


def test_once_enough_rows_agree_the_rest_comes_in_large_calls() -> None:
    model = Raw()
    rows = COMPARED_ROWS + 3 * LARGE_ROWS + 40

    answers = served(model).predict(flowers(rows))

    assert answers.encode() == FakePredictor().predict(flowers(rows)).encode()
    assert model.calls == [32] * (COMPARED_ROWS // 32) + [LARGE_ROWS] * 3 + [32] * 2


@pytest.mark.parametrize("row", [0, COMPARED_ROWS - 1])
def test_one_row_of_other_bits_keeps_every_call_small(row: int) -> None:
    model = Raw(differs_from=row)

    served(model).predict(flowers(COMPARED_ROWS + LARGE_ROWS))

    assert set(model.calls) == {32}


def test_several_batches_are_counted_together() -> None:
    model = Raw()
    predictor = served(model)
    for number in range(COMPARED_ROWS // LARGE_ROWS + 1):
        predictor.predict(flowers(LARGE_ROWS, number * LARGE_ROWS))

    assert model.calls[-2:] == [32, LARGE_ROWS]


def test_a_size_that_an_operator_chose_is_kept() -> None:
    model = Raw()

    SteadyPredictor(model, info_of(call_size=CallSize(fixed=32))).predict(flowers(2 * COMPARED_ROWS))

    assert set(model.calls) == {32}
