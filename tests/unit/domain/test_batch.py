"""Batches: values become canonical columns, or a flaw says where they cannot."""

import math
from typing import Any

import numpy as np
import pytest

from foreseen.domain.batch import Batch
from foreseen.domain.errors import Flaw, InvalidBatchError
from foreseen.domain.signature import DTYPES, Feature, Signature


def column(feature: Feature, values: Any) -> Any:
    return Batch.of(Signature((feature,)), {feature.name: values}).columns[0]


def flaw(feature: Feature, values: Any) -> Flaw:
    with pytest.raises(InvalidBatchError) as caught:
        column(feature, values)
    return caught.value.flaws[0]


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != "string"])
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


def test_the_arrays_that_were_given_stay_as_they_are() -> None:
    given = np.array([-0.0, np.nan])
    column(Feature("x", missing=True), given)

    assert math.copysign(1, given[0]) == -1


def test_missing_numbers_are_nan_and_missing_strings_are_none() -> None:
    assert np.isnan(column(Feature("x", missing=True), [None, math.nan])).all()
    assert column(Feature("x", "string", missing=True), [None, ""]).tolist() == [None, ""]


@pytest.mark.parametrize(
    ("feature", "values", "expected"),
    [
        (Feature("x"), [1.0, math.nan], Flaw("a finite float64 number", "nothing or NaN", 1, "x")),
        (Feature("x"), [None], Flaw("a finite float64 number", "nothing or NaN", 0, "x")),
        (Feature("x"), [math.inf], Flaw("a finite float64 number", "inf", 0, "x")),
        (Feature("x", missing=True), [math.nan, -math.inf], Flaw("a finite float64 number", "-inf", 1, "x")),
        (Feature("x", "float32"), [1e39], Flaw("a finite float32 number", "1e+39", 0, "x")),
        (Feature("x", "float32", missing=True), [None, 1e39], Flaw("a finite float32 number", "1e+39", 1, "x")),
        (
            Feature("x", shape=(2, 2)),
            [[[0, 0], [0, 0]], [[0, 0], [math.inf, 0]]],
            Flaw("a finite float64 number", "inf", 1, "x", (1, 0)),
        ),
        (Feature("x", "int8"), [127, 128], Flaw("an integer from -128 to 127", "128", 1, "x")),
        (Feature("x", "uint8"), [-1], Flaw("an integer from 0 to 255", "-1", 0, "x")),
        (Feature("x", "bool"), [2], Flaw("an integer from 0 to 1", "2", 0, "x")),
        (
            Feature("x", "int64"),
            [10**30],
            Flaw("an integer from -9007199254740992 to 9007199254740992", str(10**30), 0, "x"),
        ),
        (Feature("x", "int8", (2,)), [[0, 0], [0, -129]], Flaw("an integer from -128 to 127", "-129", 1, "x", (1,))),
        (Feature("x", "string"), ["a", None], Flaw("a string", "nothing", 1, "x")),
        (Feature("x", "string"), ["\ud800"], Flaw("a string of Unicode characters", r"'\ud800'", 0, "x")),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(feature: Feature, values: Any, expected: Flaw) -> None:
    assert flaw(feature, values) == expected


def test_the_largest_float32_is_one() -> None:
    largest = float(np.finfo(np.float32).max)

    assert column(Feature("x", "float32"), [largest, -largest]).tolist() == [largest, -largest]
