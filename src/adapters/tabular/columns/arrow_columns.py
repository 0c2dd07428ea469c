"""One column of typed values as the values of one feature."""

from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.plain_columns import as_plain, is_text
from foreseen.adapters.tabular.columns.text_columns import (
    Mask,
    RejectedCells,
    Values,
    read_column,
    read_each,
    read_rest,
)
from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.batch import Batch, Column
from foreseen.domain.values.datetimes import FIRST, IN_RANGE, LAST, NAT
from foreseen.domain.values.feature_values import accept_missing, read_value
from foreseen.domain.values.signature import DATETIMES, FLOATS, MAX_EXACT_INTEGER, DType, Feature, Signature

_NANOSECONDS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def fits(feature: Feature, kind: pa.DataType) -> bool:
    """Return whether a column of this type may hold values of a feature."""
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
    if feature.dtype in DATETIMES:
        return is_text(kind) or _is_datetime(feature, kind)
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    )


def _is_datetime(feature: Feature, kind: pa.DataType) -> bool:
    has_zone = feature.dtype == "datetime_tz"
    if pa.types.is_timestamp(kind):
        return (kind.tz is not None) == has_zone
    return bool(pa.types.is_date(kind)) and not has_zone


def expected_type(feature: Feature) -> str:
    """Return in words what a column of a feature may hold."""
    known = {
        "string": "strings",
        "bool": "bools",
        "datetime": "dates and times without a time zone",
        "datetime_tz": "dates and times with a time zone",
    }
    scalar = known.get(feature.dtype) or ("numbers" if feature.dtype in FLOATS else "integers")
    return f"lists ({' x '.join(map(str, feature.shape))}) of {scalar}" if feature.shape else scalar


def likely_dtype(kind: pa.DataType) -> DType:
    """Return the most likely dtype of a feature that was fitted on a column of this type."""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "datetime_tz" if getattr(kind, "tz", None) else "datetime"
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind):
        return "int64"
    return "float64" if pa.types.is_floating(kind) else "string"


def read_arrow_column(feature: Feature, values: pa.Array) -> tuple[Values, RejectedCells]:
    """Read n values of a type that fits; those that are not plain are read by `read_value`.

    Returns:
        n values, with stand-ins for rejected ones, and the reason for each rejected row.
    """
    plain = as_plain(values)
    if feature.shape:
        return _tensors(feature, plain)
    if pa.types.is_null(plain.type):
        plain = pc.cast(plain, pa.timestamp("ns") if feature.dtype in DATETIMES else pa.float64())
    if feature.dtype == "string":
        return _strings(feature, plain)
    if feature.dtype in DATETIMES:
        if is_text(plain.type):
            return read_column(feature, pc.fill_null(plain, ""))
        return _datetimes(feature, plain)
    found, doubtful = _numbers(feature, plain)
    if doubtful.any() and not found.flags.writeable:  # it is a view of the column
        found = found.copy()
    return found, read_rest(feature, found, doubtful, plain, lambda value: _read(feature, value))


def _read(feature: Feature, value: object) -> object:
    if value is None or value != value:
        accept_missing(feature)
        return None
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    return read_value(feature, value)


def _strings(feature: Feature, texts: pa.Array) -> tuple[Values, RejectedCells]:
    texts = texts.cast(pa.string())
    found = texts if feature.missing else pc.fill_null(texts, "")
    return found.to_numpy(zero_copy_only=False), _rejected_nulls(feature, texts)


def _rejected_nulls(feature: Feature, values: pa.Array) -> RejectedCells:
    """Return the reason for each null where none may be missing."""
    rows = np.flatnonzero(pc.is_null(values).to_numpy(zero_copy_only=False)).tolist()
    try:
        accept_missing(feature)
    except InvalidBatchError as exc:
        return dict.fromkeys(rows, str(exc))
    return {}


def _numbers(feature: Feature, numbers: pa.Array) -> tuple[Column, Mask]:
    """Return the values of plain numbers, and which rows are not or may not be valid numbers."""
    if pa.types.is_boolean(numbers.type):
        numbers = pc.cast(numbers, pa.int8())
    if pa.types.is_integer(numbers.type):
        found, doubtful = _of_integers(feature, numbers)
    else:
        found, doubtful = _of_floats(feature, numbers)
    if feature.missing and numbers.null_count:
        is_null = pc.is_null(numbers).to_numpy(zero_copy_only=False)
        found[is_null] = np.nan
        doubtful &= ~is_null
    return found, doubtful


def _of_integers(feature: Feature, numbers: pa.Array) -> tuple[Column, Mask]:
    low, high = (-MAX_EXACT_INTEGER, MAX_EXACT_INTEGER) if feature.dtype in FLOATS else feature.bounds
    # Compared in their own type, so that none is rounded first.
    info = np.iinfo(numbers.type.to_pandas_dtype())
    least, most = (pa.scalar(bound, numbers.type) for bound in (max(low, int(info.min)), min(high, int(info.max))))
    inside = pc.and_(pc.greater_equal(numbers, least), pc.less_equal(numbers, most))
    is_float = feature.dtype in FLOATS or feature.missing
    found = pc.cast(pc.if_else(inside, numbers, None), pa.float64() if is_float else pa.int64())
    plain = pc.fill_null(inside, fill_value=False).to_numpy(zero_copy_only=False)
    return np.array(pc.fill_null(found, 0)), ~plain


def _of_floats(feature: Feature, numbers: pa.Array) -> tuple[Column, Mask]:
    is_decimal = pa.types.is_decimal(numbers.type)
    # Decimals are read from their digits, which gives the nearest float.
    texts = pc.cast(numbers, pa.string()) if is_decimal else numbers
    found = pc.cast(texts, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if feature.dtype in FLOATS:
        with np.errstate(over="ignore"):
            plain = np.isfinite(found.astype(feature.dtype))
    else:
        low, high = feature.bounds
        plain = (found >= low) & (found <= high) & (np.abs(found) < MAX_EXACT_INTEGER) & (found == np.rint(found))
        if is_decimal:  # whose digits may have been rounded away
            plain &= _is_whole(numbers)
    if feature.missing:
        return found, ~plain & ~np.isnan(found)
    return (found if feature.dtype in FLOATS else np.where(plain, found, 0).astype(np.int64)), ~plain


def _is_whole(decimals: pa.Array) -> Mask:
    """Return which of the decimals are known to be integers."""
    kind = decimals.type
    if kind.scale <= 0:
        return np.ones(len(decimals), dtype=bool)
    if kind.scale >= kind.precision:  # none but 0, which Arrow does not truncate
        return np.zeros(len(decimals), dtype=bool)
    if kind.bit_width < 128:  # which Arrow does not truncate
        decimals = pc.cast(decimals, pa.decimal128(kind.precision, kind.scale))
    is_whole = pc.fill_null(pc.equal(decimals, pc.trunc(decimals)), fill_value=False)
    return np.array(is_whole)


def _datetimes(feature: Feature, values: pa.Array) -> tuple[Values, RejectedCells]:
    if pa.types.is_date(values.type):
        values = pc.cast(values, pa.timestamp("s" if pa.types.is_date32(values.type) else "ms"))
    size = _NANOSECONDS[values.type.unit]
    ticks = np.array(pc.fill_null(pc.cast(values, pa.int64()), 0))
    is_null = pc.is_null(values).to_numpy(zero_copy_only=False)
    outside = ((ticks < -(-FIRST // size)) | (ticks > LAST // size)) & ~is_null
    rejected = {row: f"expected {IN_RANGE}, got {_text(values[row])}" for row in np.flatnonzero(outside).tolist()}
    found = np.where(outside, 0, ticks) * size
    if feature.missing:
        found[is_null] = NAT
    return found.view("<M8[ns]"), rejected | _rejected_nulls(feature, values)


def _text(value: pa.Scalar) -> str:
    return str(pc.cast(pc.cast(value, pa.timestamp(value.type.unit)), pa.string()))


def _tensors(feature: Feature, lists: pa.Array) -> tuple[Values, RejectedCells]:
    whole = _all_at_once(feature, lists)
    return (whole, {}) if whole is not None else read_each(feature, lists.to_pylist(), lambda v: _tensor(feature, v))


def _tensor(feature: Feature, value: object) -> object:
    if value is None:
        raise InvalidBatchError([Violation("a list", "nothing", feature=feature.name)])
    read = read_value(feature, value)
    Batch.of(Signature((feature,)), {feature.name: [read]})
    return read


def _all_at_once(feature: Feature, lists: pa.Array) -> Column | None:
    """Return an array if every list has the right length and every number is valid, else None."""
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
