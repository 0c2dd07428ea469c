"""Column values: one column of a batch in the dtype that the model was fitted on."""

import re
from collections.abc import Callable
from itertools import repeat
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.model.model_input import ColumnForm
from foreseen.domain.values.batch import Column
from foreseen.domain.values.signature import Feature

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray

Cells: TypeAlias = "Column | ExtensionArray"
"""One value per row: a numpy array, or an extension array of pandas."""

_NULLABLE = re.compile(r"U?Int(8|16|32|64)|Float(32|64)")
_DATETIME = re.compile(r"datetime64\[(?P<unit>s|ms|us|ns)(, ?(?P<zone>.+))?\]")


def converter(feature: Feature, form: ColumnForm) -> Callable[[Column], Cells] | None:
    """Return a function that converts a feature's column to the form; None if the column has it already."""
    if form.dtype == "category":
        return _to_category(feature, form)
    if form.dtype == "object":
        return _to_objects(feature, form)
    if form.dtype == "boolean" or _NULLABLE.fullmatch(form.dtype):
        return _to_nullable(form.dtype)
    if match := _DATETIME.fullmatch(form.dtype):
        return _to_datetimes(match["unit"], match["zone"])
    if form.dtype.startswith("str"):
        return _to_extension_strings(form.dtype)
    is_same = np.dtype(feature.column_dtype) == np.dtype(form.dtype)
    return None if is_same else lambda column: column.astype(form.dtype)


def _to_objects(feature: Feature, form: ColumnForm) -> Callable[[Column], Cells] | None:
    missing = None if form.missing == "none" else np.nan
    if feature.dtype == "string":
        return None if missing is None else _with_nan
    plain = _plain_dtype(feature)

    def objects(column: Column) -> Cells:
        is_missing = column != column
        if not is_missing.any():
            return column.astype(plain).astype(object)
        filled = column.copy()
        filled[is_missing] = 0
        cells = filled.astype(plain).astype(object)
        cells[is_missing] = missing
        return cells

    return objects


def _plain_dtype(feature: Feature) -> type[np.generic]:
    """Return the dtype whose values become Python's own in an object array."""
    return np.bool_ if feature.dtype == "bool" else np.int64 if feature.is_integral else np.float64


def _with_nan(column: Column) -> Cells:
    is_missing = column == None  # noqa: E711 - by element
    if not is_missing.any():
        return column
    cells = column.copy()
    cells[is_missing] = np.nan
    return cells


def _to_nullable(dtype: str) -> Callable[[Column], Cells]:
    import pandas as pd  # noqa: PLC0415 - here and below: only frames need it

    inner = "bool" if dtype == "boolean" else dtype.lower()
    array = pd.arrays.BooleanArray if dtype == "boolean" else _masked_array(dtype)

    def nullable(column: Column) -> Cells:
        is_missing = column != column
        return array(np.where(is_missing, 0, column).astype(inner), np.asarray(is_missing))

    return nullable


def _masked_array(dtype: str) -> Callable[..., Cells]:
    import pandas as pd  # noqa: PLC0415

    array: Callable[..., Cells] = pd.arrays.FloatingArray if dtype.startswith("Float") else pd.arrays.IntegerArray
    return array


def _to_datetimes(unit: str, zone: str | None) -> Callable[[Column], Cells] | None:
    if zone is None:
        return None if unit == "ns" else lambda column: column.astype(f"datetime64[{unit}]")
    import pandas as pd  # noqa: PLC0415

    def with_zone(column: Column) -> Cells:
        instants = pd.DatetimeIndex(column.astype(f"datetime64[{unit}]")).tz_localize("UTC")
        return instants.tz_convert(zone).array

    return with_zone


def _to_extension_strings(dtype: str) -> Callable[[Column], Cells]:
    import pandas as pd  # noqa: PLC0415

    return lambda column: pd.array(column, dtype=dtype)


def _to_category(feature: Feature, form: ColumnForm) -> Callable[[Column], Cells]:
    import pandas as pd  # noqa: PLC0415

    codes = {_comparable(value): code for code, value in enumerate(form.categories)}
    dtype = pd.CategoricalDtype(list(form.categories), ordered=form.is_ordered)

    def categories(column: Column) -> Cells:
        values = column.tolist()
        found = np.fromiter(map(codes.get, values, repeat(-1)), dtype=np.intp, count=len(values))
        if form.rejects_unknown:
            _reject_unknown(feature, form, values, np.flatnonzero(found < 0).tolist())
        return pd.Categorical.from_codes(found, dtype=dtype)

    return categories


def _reject_unknown(feature: Feature, form: ColumnForm, values: list[object], rows: list[int]) -> None:
    for row in rows:
        if values[row] is not None and values[row] == values[row]:
            known = ", ".join(map(repr, form.categories[:10])) + (", …" if len(form.categories) > 10 else "")
            raise InvalidBatchError([Violation(f"one of {known}", repr(values[row]), row, feature.name)])


def _comparable(value: object) -> object:
    """Return a value as Python's own, so that equal numbers are found whatever their type."""
    return value.item() if isinstance(value, np.generic) else value
