"""What the distinct values that a model keeps of a column reveal about it."""

from collections.abc import Iterable
from dataclasses import replace
from math import floor, log10
from typing import TYPE_CHECKING

import numpy as np

from foreseen.adapters.predictor.column_facts.column_facts import MOST_VALUES, ColumnFacts
from foreseen.domain.values.signature import MAX_EXACT_INTEGER, DType

if TYPE_CHECKING:
    from types import UnionType


def facts_of_values(known: Iterable[object], *, dtype: np.dtype[np.generic] | None = None, origin: str) -> ColumnFacts:
    """Return what the distinct values of a column, missing ones included, reveal about it.

    Args:
        dtype: of the array that contained them; None if no array did.
        origin: the part of the model that keeps them.
    """
    known = list(known)
    present = [value for value in known if not is_missing(value)]
    domain_dtype = _domain_dtype(present, dtype)
    is_mixed = dtype is not None and dtype.kind == "O" and domain_dtype not in (None, "string")
    is_half = dtype is not None and dtype == np.float16
    return ColumnFacts(
        dtype=domain_dtype,
        form="object" if is_mixed else "float16" if is_half else None,
        takes_missing=len(present) < len(known),
        missing_is_none=any(value is None for value in known),
        values=tuple(_as_json(value) for value in present[:MOST_VALUES] if _is_exact(value)),
        known=frozenset(each for each in map(_as_json, present) if isinstance(each, str | int | float)),
        origin=origin if domain_dtype else "",
    )


def as_category(
    categories: Iterable[object], *, origin: str, takes_missing: bool, rejects_unknown: bool = False
) -> ColumnFacts:
    """Return the facts of a pandas category column, by its categories in the order of their codes."""
    known = tuple(_as_json(value) for value in categories)
    facts = facts_of_values(known, origin=origin)
    return replace(
        facts,
        form="category",
        categories=known,
        rejects_unknown=rejects_unknown,
        takes_missing=takes_missing,
        missing_is_none=False,
    )


def is_missing(value: object) -> bool:
    """Return whether a value is missing: None, NaN, NaT or pandas' NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas' NA has no truth value
        return True


def _domain_dtype(present: list[object], dtype: np.dtype[np.generic] | None) -> DType | None:
    if dtype is not None and dtype.kind in "biufMU":
        return {"b": "bool", "i": "int64", "u": "int64", "M": "datetime", "U": "string"}.get(  # type: ignore[return-value]
            dtype.kind, "float32" if dtype.itemsize <= 4 else "float64"
        )
    if not present:
        return None
    kinds: tuple[tuple[type | UnionType, DType], ...] = (
        (str, "string"),
        (bool | np.bool_, "bool"),
        (int | np.integer, "int64"),
        (float | int | np.floating | np.integer, "float64"),
        (np.datetime64, "datetime"),
    )
    return next((name for kind, name in kinds if all(isinstance(value, kind) for value in present)), None)


def _as_json(value: object) -> object:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[us]"))
    if isinstance(value, np.float16 | np.float32):
        return float(str(value))
    return value.item() if isinstance(value, np.generic) else value


def _is_exact(value: object) -> bool:
    return not isinstance(value, int | np.integer) or abs(int(value)) <= MAX_EXACT_INTEGER


def rounded(value: object) -> float | str | None:
    """Return a number rounded to three significant digits, or a whole one; a text as it is; None for anything else."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        return None
    number = float(value)
    if not np.isfinite(number) or abs(number) > MAX_EXACT_INTEGER:
        return None
    digits = 2 - floor(log10(abs(number))) if number else 0
    return round(number, max(digits, 0))
