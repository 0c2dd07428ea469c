"""Which columns of a Parquet file are written with a dictionary of their values."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SAMPLE_ROWS: Final = 1024
"""Rows that say whether values repeat, the same however they came."""
_REPEATING: Final = 0.75
"""Share of values of a sample that may be distinct. Of a thousand categories, two in three are."""


def with_dictionary(first: pa.Table) -> bool | list[str]:
    """Return the columns whose values repeat, by the first rows; True for all of them.

    A dictionary of measured numbers, none like another, takes more room than they do, and twice the time to write.
    """
    # Nested ones, whose parts have names of their own; tensors are lists underneath.
    if any(pa.types.is_nested(getattr(kind, "storage_type", kind)) for kind in first.schema.types):
        return True
    sample = first.slice(0, _SAMPLE_ROWS)
    return [field.name for field, column in zip(first.schema, sample.columns, strict=True) if _repeats(field, column)]


def _repeats(field: pa.Field, values: pa.ChunkedArray) -> bool:
    if pa.types.is_null(field.type):
        return True
    if pa.types.is_floating(field.type) or pa.types.is_integer(field.type):
        return np.unique(values.to_numpy()).size <= _REPEATING * len(values)  # a fifth of Arrow's time
    try:
        distinct = pc.count_distinct(values).as_py()
    except pa.ArrowNotImplementedError:  # of identifiers, categories and others Arrow counts none
        return True
    return bool(distinct <= _REPEATING * len(values))
