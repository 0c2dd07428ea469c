"""One column of typed values as the values of one feature."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.csv_columns import stand_in
from foreseen.adapters.tabular.texts import as_plain, is_text
from foreseen.domain.batch import Batch
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.signature import FLOATS, MAX_EXACT_INTEGER, Feature, Signature
from foreseen.domain.text import shown, tensor_flaw

_NOTHING: Final = "nothing"


def fits(feature: Feature, kind: pa.DataType) -> bool:
    """Say whether a column of this type may hold values of a feature."""
    if pa.types.is_dictionary(kind):
        return fits(feature, kind.value_type)
    for _ in feature.shape:
        if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
            return bool(pa.types.is_null(kind))
        kind = kind.value_type
    if pa.types.is_null(kind):
        return True
    if feature.dtype == "string":
        return is_text(kind)
    if feature.dtype == "bool":
        return bool(pa.types.is_boolean(kind))
    is_whole = pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0)
    is_number = is_whole or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(is_number if feature.dtype in FLOATS else is_whole)


def expected_type(feature: Feature) -> str:
    """Word what a column of a feature may hold."""
    scalar = {"string": "strings", "bool": "bools"}.get(feature.dtype)
    scalar = scalar or ("numbers" if feature.dtype in FLOATS else "integers")
    return f"lists ({' x '.join(map(str, feature.shape))}) of {scalar}" if feature.shape else scalar


def read_arrow_column(feature: Feature, values: pa.Array) -> tuple[Any, dict[int, str]]:
    """Read n values of a type that fits.

    Returns:
        n values that stand in for the refused ones where there are any, and the reason for each refused row.
    """
    plain = as_plain(values)
    if feature.shape:
        return _tensors(feature, plain)
    if feature.dtype == "string":
        return _strings(feature, plain)
    if feature.dtype == "bool":
        absent = dict.fromkeys(_rows(pc.is_null(plain)), f"expected true or false, got {_NOTHING}")
        return pc.fill_null(plain.cast(pa.bool_()), fill_value=False).to_numpy(zero_copy_only=False), absent
    return _floats(feature, plain) if feature.dtype in FLOATS else _integers(feature, plain)


def _strings(feature: Feature, texts: pa.Array) -> tuple[Any, dict[int, str]]:
    if feature.missing:
        return texts.cast(pa.string()).to_numpy(zero_copy_only=False), {}
    absent = dict.fromkeys(_rows(pc.is_null(texts)), f"expected a string, got {_NOTHING}")
    return pc.fill_null(texts.cast(pa.string()), "").to_numpy(zero_copy_only=False), absent


def _floats(feature: Feature, numbers: pa.Array) -> tuple[Any, dict[int, str]]:
    refused: dict[int, str] = {}
    if pa.types.is_integer(numbers.type):
        refused = _beyond(numbers, -MAX_EXACT_INTEGER, MAX_EXACT_INTEGER, "an integer from -2^53 to 2^53")
    if pa.types.is_decimal(numbers.type):  # by way of their digits, as the nearest float is wanted
        numbers = pc.cast(numbers, pa.string())
    values = pc.cast(numbers, pa.float64(), safe=False).to_numpy(zero_copy_only=False).copy()
    missing = np.isnan(values)
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(values.astype(feature.dtype)) & ~missing
    for row in map(int, np.flatnonzero(bad)):
        refused[row] = f"expected a finite {feature.dtype} number, got {float(values[row])!r}"
    if not feature.missing:
        refused |= dict.fromkeys(map(int, np.flatnonzero(missing)), f"expected a number, got {_NOTHING}")
    values[list(refused)] = 0
    return values, refused


def _integers(feature: Feature, numbers: pa.Array) -> tuple[Any, dict[int, str]]:
    low, high = feature.bounds
    refused = _beyond(numbers, low, high, f"an integer from {low} to {high}")
    refused |= dict.fromkeys(_rows(pc.is_null(numbers)), f"expected an integer, got {_NOTHING}")
    keep = np.ones(len(numbers), dtype=bool)
    keep[list(refused)] = False
    return pc.cast(pc.if_else(pa.array(keep), numbers, pa.scalar(0, numbers.type)), pa.int64()).to_numpy(), refused


def _beyond(numbers: pa.Array, low: int, high: int, expected: str) -> dict[int, str]:
    """Refuse integers out of their bounds; compared as what they are, so that none is rounded first."""
    if pa.types.is_null(numbers.type):
        return {}
    if pa.types.is_decimal(numbers.type):
        outside = [
            row for row, value in enumerate(numbers.to_pylist()) if value is not None and not low <= value <= high
        ]
    else:
        least, most = _clipped(low, high, numbers.type)
        outside = _rows(pc.fill_null(pc.or_(pc.less(numbers, least), pc.greater(numbers, most)), fill_value=False))
    return {row: f"expected {expected}, got {numbers[row].as_py()}" for row in outside}


def _clipped(low: int, high: int, kind: pa.DataType) -> tuple[pa.Scalar, pa.Scalar]:
    """Give bounds as values of a type, which may hold less than lies between them."""
    info = np.iinfo(kind.to_pandas_dtype())
    return pa.scalar(max(low, int(info.min)), kind), pa.scalar(min(high, int(info.max)), kind)


def _tensors(feature: Feature, lists: pa.Array) -> tuple[Any, dict[int, str]]:
    whole = _all_at_once(feature, lists)
    if whole is not None:
        return whole, {}
    values: list[Any] = []
    refused: dict[int, str] = {}
    for row, value in enumerate(lists.to_pylist()):
        try:
            flaw = tensor_flaw(feature, value)
            if flaw is not None:
                raise InvalidBatchError([flaw])
            Batch.of(Signature((feature,)), {feature.name: [value]})
            values.append(value)
        except InvalidBatchError as exc:
            refused[row] = str(exc) if value is not None else f"expected a list, got {shown('')}"
            values.append(stand_in(feature))
    return values, refused


def _all_at_once(feature: Feature, lists: pa.Array) -> Any | None:
    """Give an array if every list has its length and every number is fine, else None."""
    flat = lists
    for length in feature.shape:
        if flat.null_count or not hasattr(flat, "flatten"):
            return None
        if not pc.all(pc.equal(pc.list_value_length(flat), length), min_count=0).as_py():
            return None
        flat = flat.flatten()
    if flat.null_count or pa.types.is_boolean(flat.type):
        return None
    numbers = flat.to_numpy(zero_copy_only=False).reshape(-1, *feature.shape)
    try:
        Batch.of(Signature((feature,)), {feature.name: numbers})
    except InvalidBatchError:
        return None
    is_exact = not pa.types.is_integer(flat.type) or not (np.abs(numbers.astype(float)) >= MAX_EXACT_INTEGER).any()
    return numbers if is_exact and not pa.types.is_decimal(flat.type) else None


def _rows(mask: pa.Array) -> list[int]:
    return [int(row) for row in np.flatnonzero(mask.to_numpy(zero_copy_only=False))]
