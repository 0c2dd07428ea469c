"""Python values as Arrow columns: typed if they have one type, otherwise as JSON, which is read value by value."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from foreseen.adapters.tabular.columns.columns_as_text import JSON

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


def arrow_column(values: "pd.Series | npt.NDArray[np.generic]") -> pa.Array | pa.ChunkedArray:
    """Return a column of a pandas Series or a numpy array; NaN among objects is a null."""
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return json_column(values.tolist())  # objects of several kinds


def json_column(values: Sequence[object]) -> pa.Array:
    """Return a column of JSON, which is read like a field of JSON objects."""
    return pa.ExtensionArray.from_storage(JSON, pa.array([_json(value) for value in values], pa.string()))


def json_columns(rows: Sequence[dict[str, object]], names: Sequence[str]) -> list[pa.Array]:
    """Return the values of some fields of dicts; null where a dict lacks a field."""
    return [
        pa.ExtensionArray.from_storage(
            JSON, pa.array([_json(row[name]) if name in row else None for row in rows], pa.string())
        )
        for name in names
    ]


def without_views(table: pa.Table) -> pa.Table:
    """Return a table with strings in place of string views, from which Arrow cannot take rows."""
    fields = [field.with_type(pa.string()) if pa.types.is_string_view(field.type) else field for field in table.schema]
    schema = pa.schema(fields)
    return table if schema == table.schema else table.cast(schema)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    """Return a value that JSON can represent in place of one that it cannot."""
    if isinstance(value, np.generic | np.ndarray) or hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return None if value != value else value.isoformat()  # NaT is a datetime
    return None if type(value).__name__ == "NAType" else str(value)  # pandas' NA
