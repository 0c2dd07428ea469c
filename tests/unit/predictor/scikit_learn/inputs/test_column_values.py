"""A column that is turned all at once holds what its cells give one by one."""

from typing import Any

import numpy as np
import pytest

from foreseen.adapters.predictor.scikit_learn.inputs.column_values import converter
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.model.model_input import ColumnForm, Missing
from foreseen.domain.values.signature import DType, Feature

COLUMNS: dict[str, tuple[DType, Any, type]] = {
    "integers": ("int64", np.array([0, -1, 2**53]), int),
    "small unsigned integers": ("uint8", np.array([0, 255], dtype=np.uint8), int),
    "integers that may be missing": ("int64", np.array([0.0, np.nan, -0.0, 2.0**53]), int),
    "bools": ("bool", np.array([True, False]), bool),
    "bools that may be missing": ("bool", np.array([1.0, 0.0, np.nan]), bool),
    "floats": ("float64", np.array([0.1, np.nan, -0.0]), float),
    "short floats": ("float32", np.array([0.1, np.nan], dtype=np.float32), float),
    "nothing": ("int64", np.array([], dtype=np.int64), int),
    "none but missing": ("int64", np.array([np.nan, np.nan]), int),
}


@pytest.mark.parametrize("missing", ["nan", "none"])
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_objects_holds_values_of_python(name: str, missing: Missing) -> None:
    dtype, column, plain = COLUMNS[name]
    before = column.copy()

    found = _converted(Feature("a", dtype=dtype, missing=True), ColumnForm("a", "object", missing=missing), column)

    gap = None if missing == "none" else np.nan
    alone = [plain(value) if value == value else gap for value in column.tolist()]
    assert found.dtype == object
    assert [(type(value), repr(value)) for value in found] == [(type(value), repr(value)) for value in alone]
    assert column.tobytes() == before.tobytes()


CATEGORIES: dict[str, tuple[DType, Any, tuple[object, ...], list[int]]] = {
    "strings": ("string", np.array(["b", None, "x", "a", "b"], dtype=object), ("a", "b"), [1, -1, -1, 0, 1]),
    "integers": ("int64", np.array([2, 7, 1]), (np.int64(1), 2), [1, -1, 0]),
    "integers among floats": ("int64", np.array([2.0, np.nan, 1.0]), (1, 2), [1, -1, 0]),
    "bools": ("bool", np.array([True, False]), (False, True), [1, 0]),
    "short floats": ("float32", np.array([0.5, 0.1], dtype=np.float32), (np.float32(0.1), 0.5), [1, 0]),
    "nothing": ("string", np.array([], dtype=object), ("a",), []),
}


@pytest.mark.parametrize("name", CATEGORIES)
def test_a_category_has_the_code_of_its_equal(name: str) -> None:
    dtype, column, categories, codes = CATEGORIES[name]
    form = ColumnForm("a", "category", categories=categories)

    assert _converted(Feature("a", dtype=dtype, missing=True), form, column).codes.tolist() == codes


def test_the_first_unknown_value_is_rejected_and_missing_ones_pass() -> None:
    feature = Feature("a", dtype="string", missing=True)
    form = ColumnForm("a", "category", categories=("a", "b"), rejects_unknown=True)

    assert _converted(feature, form, np.array(["a", None], dtype=object)).codes.tolist() == [0, -1]
    with pytest.raises(InvalidBatchError, match="one of 'a', 'b', got 'x'") as caught:
        _converted(feature, form, np.array(["a", None, "x", "y"], dtype=object))
    assert caught.value.violations[0].row == 2


def _converted(feature: Feature, form: ColumnForm, column: Any) -> Any:
    convert = converter(feature, form)
    assert convert is not None
    return convert(column)
