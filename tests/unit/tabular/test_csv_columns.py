"""A column read all at once gives what its cells give one by one."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foreseen.adapters.tabular.csv_columns import _all_at_once, read_column
from foreseen.domain.batch import Batch
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.signature import DType, Feature, Signature
from foreseen.domain.text import read_text

NUMBERS = st.one_of(
    st.floats(allow_nan=True).map(repr),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.3f}"),
    st.integers(-(2**60), 2**60).map(str),
    st.integers(0, 400).map(str),
    st.text(alphabet="0123456789.eE+- _nax\n", max_size=8),
    st.sampled_from(["9007199254740991.5", "9007199254740993", "-0", "+5", "007", "1e5", "1E-400", "1.", ".5", "1\n"]),
)
DTYPES: list[DType] = ["float64", "float32", "int64", "int32", "int8", "uint8", "bool", "string"]


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_cell_is_read_otherwise_than_in_a_query(dtype: DType, missing: bool) -> None:
    feature = Feature("a", dtype=dtype, missing=missing and dtype in ("float64", "float32", "string"))

    @given(st.lists(NUMBERS, min_size=1, max_size=6))
    @settings(max_examples=60, deadline=None)
    @example(["9007199254740993", "1"])
    @example(["1\n"])
    @example(["+1", "-1"])
    @example(["1e-320"])
    def check(texts: list[str]) -> None:
        values, refused = read_column(feature, pa.array(texts, pa.string()))
        for row, text in enumerate(texts):
            wanted, reason = _read_text(feature, text)
            assert refused.get(row) == reason
            assert reason or _same(feature, values[row], wanted)

    check()


def _read_text(feature: Feature, text: str) -> tuple[Any, str | None]:
    """Give the value, or the reason why there is none."""
    try:
        return read_text(feature, text), None
    except InvalidBatchError as exc:
        return None, str(exc)


def _same(feature: Feature, one: Any, other: Any) -> bool:
    """Say whether two values are the same instance, bit for bit."""
    signature = Signature((feature,))
    first, second = (Batch.of(signature, {"a": [value]}).columns[0] for value in (one, other))
    return bool(first.tolist() == second.tolist() if feature.dtype == "string" else first.tobytes() == second.tobytes())


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8", "string"])
def test_plain_cells_are_read_all_at_once(dtype: DType) -> None:
    values = _all_at_once(Feature("a", dtype=dtype), pa.array(["1", "20", "255"], pa.string()))

    assert values is not None
    assert np.asarray(values).tolist() == (["1", "20", "255"] if dtype == "string" else [1, 20, 255])


def test_one_cell_that_is_not_plain_sends_all_through_the_slow_way() -> None:
    cells = pa.array(["1", "x", "3"], pa.string())

    assert _all_at_once(Feature("a"), cells) is None
    values, refused = read_column(Feature("a"), cells)
    assert (values, refused) == ([1.0, 0, 3.0], {1: 'expected a number, got "x"'})
