"""Polars frames: a DataFrame of polars for models whose code was written for one."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from foreseen.domain.model.model_input import ColumnForm
from foreseen.domain.values.batch import Batch, Column
from foreseen.domain.values.signature import DATETIMES, Feature

if TYPE_CHECKING:
    import polars as pl


def polars_frames(features: Sequence[Feature], forms: Sequence[ColumnForm]) -> Callable[[Batch], "pl.DataFrame"]:
    """Return a function from batches to frames: each column in its feature's dtype, missing values as null.

    Texts with categories are an Enum of them, which has null for any other text, as a category of pandas.

    Raises:
        ValueError: a feature is a tensor, which is no column.
    """
    import polars as pl  # noqa: PLC0415 - few models take its frames

    if tensors := [feature.name for feature in features if feature.shape]:
        raise ValueError(f"takes: expected features of single values for polars, got the tensor {tensors[0]!r}")
    makers = [_maker(feature, form) for feature, form in zip(features, forms, strict=True)]

    def frame(batch: Batch) -> pl.DataFrame:
        return pl.DataFrame([make(column) for make, column in zip(makers, batch.columns, strict=True)])

    return frame


def _maker(feature: Feature, form: ColumnForm) -> "Callable[[Column], pl.Series]":
    """Return a function from one feature's values to its column."""
    import polars as pl  # noqa: PLC0415 - as above

    if feature.dtype == "string":
        known = [value for value in form.categories if isinstance(value, str)]
        dtype = pl.Enum(known) if known else pl.String
        return lambda column: pl.Series(form.name, column.tolist(), dtype=pl.String).cast(dtype, strict=False)
    if feature.dtype in DATETIMES:
        zone = "UTC" if feature.dtype == "datetime_tz" else None
        return lambda column: pl.Series(form.name, column.astype("datetime64[us]")).cast(pl.Datetime("us", zone))
    plain = np.dtype(feature.dtype)

    def numbers(column: Column) -> pl.Series:
        is_missing = column != column
        if not is_missing.any():
            return pl.Series(form.name, column.astype(plain))
        filled = np.where(is_missing, 0, column).astype(plain)
        return pl.Series(form.name, filled).set(pl.Series(is_missing), None)

    return numbers
