"""Arrays, columns and tables of any library, as an array or a list of their rows."""

import sys
from typing import Any, Final

import numpy as np

from foreseen.domain.errors import UnanswerableError

_TO_ROWS: Final = ("to_dicts", "to_pylist", "to_list", "tolist")
"""Methods of columns and tables of polars, pyarrow, pandas or the standard library that return Python values."""


def rows_of_array_like(value: Any) -> Any:
    """Return an array as it is, anything like one as an array or a list of rows; None for anything else.

    A row of a table is a dict by column name; a table of one column is that column.

    Raises:
        UnanswerableError: a table has a column name twice.
    """
    if isinstance(value, np.ndarray):
        # An np.matrix keeps two dimensions however it is indexed.
        return value if isinstance(value, np.ma.MaskedArray) else np.asarray(value)
    if isinstance(value, np.generic):
        return None
    if hasattr(value, "toarray"):  # a sparse matrix, such as several labels per row
        return np.asarray(value.toarray())
    if _is_pandas_table(value):
        columns = [rows_of_array_like(value.iloc[:, place]) for place in range(value.shape[1])]
        return rows_of_columns(list(value.columns), columns)
    if isinstance(getattr(value, "dtype", None), np.dtype) and value.dtype.kind in "biuf" and value.ndim == 1:
        return np.asarray(value)
    for name in _TO_ROWS:
        if callable(method := getattr(value, name, None)):
            return _rows_of_table(value, method())
    return np.asarray(value) if hasattr(value, "__array__") else None


def rows_of_columns(names: list[object], columns: list[object]) -> object:
    """Return the rows of columns that have names, or the one column; raise UnanswerableError as above."""
    if len(columns) == 1:
        return columns[0]
    _require_once(names)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _is_pandas_table(value: object) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _rows_of_table(value: object, rows: object) -> object:
    """Return the rows of a column, or of a pyarrow or polars table, whose rows are dicts."""
    if not isinstance(rows, list):
        return None
    names = getattr(value, "column_names", None) or getattr(value, "columns", None)
    if names is None or not all(isinstance(row, dict) for row in rows):
        return rows
    _require_once(list(names))
    return [next(iter(row.values())) for row in rows] if len(names) == 1 else rows


def _require_once(names: list[object]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UnanswerableError(
            f"expected each column of the model's answer to have a name of its own, got {twice!r} twice"
        )
