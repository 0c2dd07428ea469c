"""Large calls take the place of small ones only where thousands of rows had the same bits both ways."""

from collections.abc import Callable

import pytest

from foreseen.domain.model.call_size import CallSize
from foreseen.domain.model.fixed_batch_size import FixedSizePredictor
from foreseen.domain.model.large_calls import largest_equal_call
from foreseen.domain.values.batch import Batch
from support.fakes import FLOWER, FakePredictor, info_of

SIZES = (256, 1024, 8192)


class Raw(FakePredictor):
    """A fake that shows bits, to which a test adds some by the row and the rows of the call."""

    def __init__(self, other_bits: Callable[[float, int], bool] = lambda _, __: False) -> None:
        super().__init__()
        self._other_bits = other_bits

    def raw(self, rows: Batch) -> list[bytes]:
        self.calls.append(len(rows))
        return [value.tobytes() + bytes([bool(self._other_bits(value, len(rows)))]) for value in rows.columns[0]]


def flowers(n: int) -> Batch:
    return Batch.of(FLOWER, {"length": [float(i) for i in range(n)], "width": [0.5] * n})


def largest(model: Raw, sizes: tuple[int, ...] = SIZES, n: int = 16_384) -> int:
    return largest_equal_call(model, flowers(n), small=32, larger=sizes)


def test_calls_of_equal_bits_may_be_as_large_as_compared() -> None:
    assert largest(Raw()) == 8192


@pytest.mark.parametrize("row", [0, 8191, 16_383])
@pytest.mark.parametrize(("differs", "equal"), [(256, 32), (1024, 256), (8192, 1024)])
def test_one_differing_row_excludes_a_size_and_larger_ones(row: int, differs: int, equal: int) -> None:
    assert largest(Raw(lambda value, rows: value == row and rows == differs)) == equal


def test_computing_stops_once_every_size_is_excluded() -> None:
    model = Raw(lambda _, rows: rows > 32)

    assert largest(model) == 32
    assert sum(model.calls) < 2 * 8192 + 1024


def test_fewer_sizes_are_compared_where_fewer_come_into_question() -> None:
    model = Raw()

    assert largest(model, (256,), 1024) == 256
    assert set(model.calls) == {32, 256}


@pytest.mark.parametrize(
    ("n", "large", "calls"),
    [
        (31, 8192, [32]),
        (100, 8192, [32] * 4),
        (128, 8192, [256]),
        (600, 8192, [1024]),
        (3000, 8192, [1024] * 3),
        (5000, 8192, [8192]),
        (8192 + 1100, 8192, [8192, 1024, 32, 32, 32]),
        (3000, 256, [256] * 12),
        (100, 32, [32] * 4),
        (100, None, [32] * 4),
    ],
)
def test_a_large_call_is_made_if_half_filled(n: int, large: int | None, calls: list[int]) -> None:
    model = FakePredictor()

    answers = FixedSizePredictor(model, info_of(call_size=CallSize(fixed=32, large=large))).predict(flowers(n))

    assert model.calls == calls
    assert answers.encode() == FakePredictor().predict(flowers(n)).encode()


def test_a_size_that_an_operator_chose_is_kept() -> None:
    model = FakePredictor()

    FixedSizePredictor(model, info_of(call_size=CallSize(fixed=5000))).predict(flowers(12_000))

    assert model.calls == [5000] * 3


def test_large_calls_identify_nothing() -> None:
    one, other = CallSize(fixed=32), CallSize(fixed=32, large=8192)

    assert one == other
    assert one.canonical() == other.canonical()
