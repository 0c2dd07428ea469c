"""A column read all at once gives what its cells give one by one."""

from datetime import datetime
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foreseen.adapters.tabular.columns import text_columns
from foreseen.adapters.tabular.columns.text_columns import read_column
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.datetimes import FIRST, LAST
from foreseen.domain.values.signature import DATETIMES, DType, Feature, Signature
from foreseen.domain.values.text_values import read_text
from support.example_counts import examples

NUMBERS = st.one_of(
    st.floats(allow_nan=True).map(repr),
    st.floats(-1e6, 1e6).map(lambda value: f"{value:.3f}"),
    st.integers(-(2**60), 2**60).map(str),
    st.integers(0, 400).map(str),
    st.text(alphabet="0123456789.eE+- _nax\n", max_size=8),
    st.sampled_from(["9007199254740991.5", "9007199254740993", "-0", "+5", "007", "1e5", "1E-400", "1.", ".5", "1\n"]),
)
DATES = st.one_of(
    st.integers(FIRST, LAST).map(lambda ticks: str(np.datetime64(ticks, "ns"))),
    st.datetimes(datetime(1677, 9, 1), datetime(2262, 5, 1)).map(str),  # noqa: DTZ001 - offsets are added below
    st.text(alphabet="0123456789-: TtZz+.", max_size=20),
    st.sampled_from(["2024-01-02", "2024-01-02T03", "2024-01-02T03:04", "2024-02-30", "2024-01", "2024", "20240102"]),
)
OFFSETS = st.sampled_from(["", "Z", "z", "+01:00", "-2300", "+05", "+24:00", "+01:60", " UTC"])
TEXTS = NUMBERS | st.sampled_from(["True", "false", "T", "f", "TRUE", "1.0", "0.0", "3.0", "3.5", "2.0"])
DTYPES: list[DType] = [
    "float64", "float32", "int64", "int32", "int8", "uint64", "uint8", "bool", "string", "datetime", "datetime_tz",
]  # fmt: skip


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_cell_is_read_otherwise_than_in_a_query(dtype: DType, missing: bool) -> None:
    feature = Feature("a", dtype=dtype, missing=missing)
    dates = st.tuples(DATES, OFFSETS).map("".join)

    @given(st.lists(dates if dtype in DATETIMES else TEXTS, min_size=1, max_size=6))
    @settings(max_examples=examples(30), deadline=None)
    @example(["9007199254740993", "1"])
    @example(["1\n"])
    @example(["+1", "-1"])
    @example(["1e-320"])
    @example(["0x10"])
    @example(["0" * 400 + "1"])
    @example(["nan(1)", "inf", ""])
    @example(["1", "3.0", ""])
    @example(["True", "", "false"])
    @example(["2024-01-02", "2024-01-02T03:04Z", ""])
    @example(["2024-01-02t03:04:05", "2024-01-02T03:04:05", "2024-01-02t03:04:05.5z"])
    @example(["2262-04-11T23:00:00-23:00"])
    def check(texts: list[str]) -> None:
        values, rejected = read_column(feature, pa.array(texts, pa.string()))
        for row, text in enumerate(texts):
            wanted, reason = _read_text(feature, text)
            assert rejected.get(row) == reason
            assert reason or _same(feature, values[row], wanted)

    check()


def _read_text(feature: Feature, text: str) -> tuple[Any, str | None]:
    """Return the value, or the reason why there is none."""
    try:
        return read_text(feature, text), None
    except InvalidBatchError as exc:
        return None, str(exc)


def _same(feature: Feature, one: Any, other: Any) -> bool:
    """Return whether two values are the same instance, bit for bit."""
    signature = Signature((feature,))
    read = np.array([one]) if feature.dtype in DATETIMES else [one]  # as an array holds it
    first, second = (Batch.of(signature, {"a": values}).columns[0] for values in (read, [other]))
    return bool(first.tolist() == second.tolist() if feature.dtype == "string" else first.tobytes() == second.tobytes())


def _cells_read_alone(feature: Feature, texts: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Read a column, and give the cells that were read one by one."""
    alone: list[str] = []

    def noted(feature: Feature, text: str) -> Any:
        alone.append(text)
        return read_text(feature, text)

    monkeypatch.setattr(text_columns, "read_text", noted)
    read_column(feature, pa.array(texts, pa.string()))
    return alone


@pytest.mark.parametrize(
    ("dtype", "texts"),
    [
        ("int64", ["3.0", "4", "5.00"]),
        ("float64", ["True", "false", "0.5"]),
        ("int8", ["True", "False", "1"]),
        ("bool", ["True", "f", "1.0", "0"]),
        ("datetime", ["2024-01-02", "2024-01-02 03:04:05", "2024-01-02t03:04:05.123456789"]),
        ("datetime_tz", ["2024-01-02 03:04:05+00:00", "2024-01-02T03:04Z", "2024-01-02t03:04z"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("missing", [False, True])
def test_so_are_the_other_spellings_that_files_have(
    dtype: DType, texts: list[str], missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [*texts, *[""] * missing]

    assert _cells_read_alone(Feature("a", dtype=dtype, missing=missing), cells, monkeypatch) == []


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8", "bool", "string"])
def test_plain_cells_are_read_all_at_once(dtype: DType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _cells_read_alone(Feature("a", dtype=dtype), ["1", "0", "1"], monkeypatch) == []


@pytest.mark.parametrize("dtype", ["float64", "int64", "bool"])
def test_a_cell_that_is_not_plain_is_read_alone(dtype: DType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _cells_read_alone(Feature("a", dtype=dtype), ["1", "x", "0"], monkeypatch) == ["x"]


def test_missing_numbers_are_read_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _cells_read_alone(Feature("a", missing=True), ["1", "", "2.5", "NaN"], monkeypatch) == ["NaN"]


def test_a_slice_of_a_column_is_read_unchanged() -> None:
    cells = pa.array(["7", "", "1", "x", "3", "9"], pa.string()).slice(2, 3)

    values, rejected = read_column(Feature("a"), cells)

    assert list(values) == [1.0, 0.0, 3.0]
    assert rejected == {1: 'expected a number, got "x"'}


def test_arrow_takes_no_number_that_a_query_does_not() -> None:
    """All texts of up to three characters that numbers, and what may look like them, are made of."""
    texts = ["".join(each) for size in range(4) for each in product("019.eE+-_nifaxX \n\u0661,", repeat=size)]
    for dtype in ("float64", "int64"):
        feature = Feature("a", dtype=dtype)
        values, rejected = read_column(feature, pa.array(texts, pa.string()))
        one_by_one = [read_column(feature, pa.array([text], pa.string())) for text in texts[::7]]
        wanted = [_read_text(feature, text) for text in texts]

        assert [rejected.get(row) for row in range(len(texts))] == [reason for _, reason in wanted]
        assert [values[row] for row in range(len(texts)) if row not in rejected] == [v for v, why in wanted if not why]
        assert [not again for _, again in one_by_one] == [why is None for _, why in wanted[::7]]
