"""Batches: values become canonical columns, or a violation says where they cannot."""

import math
from typing import Any

import numpy as np
import pytest

from foreseen.domain.errors import MISSING_HINT, InvalidBatchError, Violation
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.datetimes import IN_RANGE, ZONED
from foreseen.domain.values.signature import DATETIMES, DTYPES, Feature, Signature


def column(feature: Feature, values: Any) -> Any:
    return Batch.of(Signature((feature,)), {feature.name: values}).columns[0]


def violation(feature: Feature, values: Any) -> Violation:
    with pytest.raises(InvalidBatchError) as caught:
        column(feature, values)
    return caught.value.violations[0]


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != "string" and dtype not in DATETIMES])
def test_a_column_has_its_features_dtype_and_shape(dtype: Any) -> None:
    made = column(Feature("x", dtype, shape=(2, 1)), [[[0], [1]], [[1], [0]], [[1], [1]]])

    assert made.dtype == np.dtype(dtype)
    assert made.shape == (3, 2, 1)
    assert made.tolist() == [[[0], [1]], [[1], [0]], [[1], [1]]]


def test_columns_stand_in_the_order_of_the_signature() -> None:
    batch = Batch.of(Signature((Feature("a"), Feature("b"))), {"b": [2.0], "a": [1.0]})

    assert [c.tolist() for c in batch.columns] == [[1.0], [2.0]]
    assert len(batch) == 1


def test_instances_are_taken_by_number_in_any_order_and_twice() -> None:
    batch = Batch.of(Signature((Feature("a"), Feature("b", "string"))), {"a": [0, 1, 2], "b": ["x", "y", "z"]})

    taken = batch.take([2, 0, 2])

    assert [c.tolist() for c in taken.columns] == [[2, 0, 2], ["z", "x", "z"]]
    assert taken.signature is batch.signature


def test_the_given_arrays_are_not_changed() -> None:
    given = np.array([-0.0, np.nan])
    column(Feature("x", missing=True), given)

    assert math.copysign(1, given[0]) == -1


def test_missing_numbers_are_nan_and_missing_strings_are_none() -> None:
    assert np.isnan(column(Feature("x", missing=True), [None, math.nan])).all()
    assert column(Feature("x", "string", missing=True), [None, ""]).tolist() == [None, ""]


@pytest.mark.parametrize(
    ("feature", "values", "expected"),
    [
        (
            Feature("x"),
            [1.0, math.nan],
            Violation("a finite float64 number", "nothing or NaN", 1, "x", hint=MISSING_HINT),
        ),
        (Feature("x"), [None], Violation("a finite float64 number", "nothing or NaN", 0, "x", hint=MISSING_HINT)),
        (Feature("x"), [math.inf], Violation("a finite float64 number", "inf", 0, "x")),
        (Feature("x", missing=True), [math.nan, -math.inf], Violation("a finite float64 number", "-inf", 1, "x")),
        (Feature("x", "float32"), [1e39], Violation("a finite float32 number", "1e+39", 0, "x")),
        (Feature("x", "float32", missing=True), [None, 1e39], Violation("a finite float32 number", "1e+39", 1, "x")),
        (
            Feature("x", shape=(2, 2)),
            [[[0, 0], [0, 0]], [[0, 0], [math.inf, 0]]],
            Violation("a finite float64 number", "inf", 1, "x", (1, 0)),
        ),
        (Feature("x", "int8"), [127, 128], Violation("an integer from -128 to 127", "128", 1, "x")),
        (Feature("x", "uint8"), [-1], Violation("an integer from 0 to 255", "-1", 0, "x")),
        (Feature("x", "bool"), [2], Violation("an integer from 0 to 1", "2", 0, "x")),
        (
            Feature("x", "int64"),
            [10**30],
            Violation("an integer from -9007199254740992 to 9007199254740992", str(10**30), 0, "x"),
        ),
        (
            Feature("x", "int8", (2,)),
            [[0, 0], [0, -129]],
            Violation("an integer from -128 to 127", "-129", 1, "x", (1,)),
        ),
        (Feature("x", "int8"), [1, None], Violation("an integer", "nothing or NaN", 1, "x", hint=MISSING_HINT)),
        (Feature("x", "int8"), [1.0, 3.5], Violation("an integer", "3.5", 1, "x")),
        (Feature("x", "int8", missing=True), [None, 3.5], Violation("an integer", "3.5", 1, "x")),
        (Feature("x", "int8", missing=True), [None, 128.0], Violation("an integer from -128 to 127", "128.0", 1, "x")),
        (Feature("x", "bool", missing=True), [None, 2], Violation("an integer from 0 to 1", "2", 1, "x")),
        (Feature("x", "string"), ["a", None], Violation("a string", "nothing", 1, "x", hint=MISSING_HINT)),
        (Feature("x", "datetime"), [0, None], Violation("a date and time", "nothing", 1, "x", hint=MISSING_HINT)),
        (Feature("x", "datetime"), [2**63], Violation(IN_RANGE, str(2**63), 0, "x")),
        (
            Feature("x", "datetime"),
            np.array(["2300-01-01"], "M8[s]"),
            Violation(IN_RANGE, "2300-01-01T00:00:00", 0, "x"),
        ),
        (Feature("x", "datetime_tz"), ["2024-01-02"], Violation(ZONED, "2024-01-02", 0, "x")),
        (Feature("x", "string"), ["\ud800"], Violation("a string of Unicode characters", r"'\ud800'", 0, "x")),
    ],
    ids=str,
)
def test_an_unfit_value_is_rejected_with_its_place(feature: Feature, values: Any, expected: Violation) -> None:
    assert violation(feature, values) == expected


def test_the_largest_float32_is_one() -> None:
    largest = float(np.finfo(np.float32).max)

    assert column(Feature("x", "float32"), [largest, -largest]).tolist() == [largest, -largest]


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_integers_that_may_be_missing_are_floats(dtype: Any) -> None:
    made = column(Feature("x", dtype, missing=True), [1, None, 0.0, math.nan, True])

    assert made.dtype == np.float64
    assert np.array_equal(made, [1, math.nan, 0, math.nan, 1], equal_nan=True)


def test_the_largest_integers_that_may_be_missing_are_exact() -> None:
    made = column(Feature("x", "int64", missing=True), [2**53, -(2**53), None])

    assert made.tolist()[:2] == [2**53, -(2**53)]


def test_datetimes_are_nanoseconds_whatever_they_were_written_as() -> None:
    texts = ["2024-01-02T03:04:05.5", "1969-12-31", None]
    arrays = np.array(["2024-01-02T03:04:05.500", "1969-12-31", "NaT"], "M8[ms]")
    ticks = [1_704_164_645_500_000_000, -86_400 * 10**9, None]
    feature = Feature("x", "datetime", missing=True)

    expected = np.array(["2024-01-02T03:04:05.500", "1969-12-31", "NaT"], "<M8[ns]")
    for values in (texts, arrays, ticks):
        made = column(feature, values)
        assert made.dtype == expected.dtype
        assert np.array_equal(made, expected, equal_nan=True)
