"""Which columns of a Parquet file are written with a dictionary of their values."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_SAMPLE_ROWS: Final = 1024
"""Rows by which repetition is estimated; the first, so that chunks do not matter."""
_REPEATING: Final = 0.75
"""Maximum share of distinct values in a sample. Of a thousand categories, two in three are distinct."""


def with_dictionary(first: pa.Table) -> bool | list[str]:
    """Return the columns whose values repeat, judged by the first rows; True for all of them.

    A dictionary of measured numbers, all distinct, takes more room than they do, and twice the time to write.
    """
    # The parts of nested columns have names of their own; tensors are lists underneath.
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
    except pa.ArrowNotImplementedError:  # Arrow does not count identifiers, categories and others
        return True
    return bool(distinct <= _REPEATING * len(values))
