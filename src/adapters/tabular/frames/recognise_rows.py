"""Recognises the kind of rows that Python code passes."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import pyarrow as pa

from foreseen.adapters.tabular.frames.data_frames import ArrowFrame, PandasFrame, PolarsFrame
from foreseen.adapters.tabular.frames.given_rows import Given, GivenFrame
from foreseen.adapters.tabular.frames.plain_rows import Instances, Matrix
from foreseen.domain.errors import TableError
from foreseen.domain.values.signature import Signature

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_A_FRAME: Final = "a DataFrame of pandas or polars, or an Arrow table"
_ROWS: Final = "a DataFrame of pandas or polars, an Arrow table, an array of rows, or a list of dicts"
_METHODS: Final = ("toPandas", "to_pandas", "to_table", "compute", "collect")
"""Methods that load rows into memory: of a query of polars, a frame of Spark or Dask, a data set of Arrow."""
_HINTS: Final = {
    "Series": "; frame[[name]] is a frame of one column, series.to_frame().T one of one row",
    "dict": "; a list of it holds one row, pandas.DataFrame(…) makes a frame of columns",
    "generator": "; list(…) makes a list of it",
    "str": "; foreseen.score reads files",
    "PosixPath": "; foreseen.score reads files",
}


def given_rows(data: object, *, signature: Signature) -> Given:
    """Return rows of any kind in one form.

    Raises:
        TableError: no rows can be read from it.
    """
    if (frame := _frame(data)) is not None:
        return frame
    if isinstance(data, np.ndarray):
        return Matrix(data, signature)
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return Instances(data, signature)
    raise TableError(f"expected {_ROWS}, got {_kind(data)}")


def given_frame(data: object) -> GivenFrame:
    """Return a frame of any library in one form; raise TableError if it is not a frame."""
    if (frame := _frame(data)) is not None:
        return frame
    if isinstance(data, np.ndarray | list | tuple):
        advice = "pandas.DataFrame(…) makes a frame of it, and model.predict predicts it as it is"
        raise TableError(f"expected {_A_FRAME}, got {type(data).__name__}; {advice}")
    raise TableError(f"expected {_A_FRAME}, got {_kind(data)}")


def _frame(data: object) -> GivenFrame | None:
    if _is_of("pandas", data):
        return PandasFrame(cast("pd.DataFrame", data))
    if _is_of("polars", data):
        return PolarsFrame(cast("pl.DataFrame", data))
    if isinstance(data, pa.Table):
        return ArrowFrame(data)
    if hasattr(data, "__arrow_c_stream__") and type(data).__name__ not in {*_HINTS, "LazyFrame"}:
        return ArrowFrame(pa.table(data))
    return None


def _is_of(library: str, data: object) -> bool:
    """Return whether data is a DataFrame of a library, which is imported if there is one."""
    frame_type = getattr(sys.modules.get(library), "DataFrame", None)
    return frame_type is not None and isinstance(data, frame_type)


def _kind(data: object) -> str:
    name, library = type(data).__name__, type(data).__module__.partition(".")[0]
    if hint := _HINTS.get(name):
        return name + hint
    shown = name if library == "builtins" else f"{name} of {library}"
    method = next((each for each in _METHODS if hasattr(data, each)), None)
    return f"{shown}; .{method}() makes one of it" if method else shown
