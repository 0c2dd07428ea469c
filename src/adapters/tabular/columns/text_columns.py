"""One column of cells as the values of one feature: plain cells all at once, the others one by one."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.columns.text_buffers import lengths, text_bytes
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.values.batch import Batch, Column
from foreseen.domain.values.datetimes import NAT
from foreseen.domain.values.signature import DATETIMES, FLOATS, MAX_EXACT_INTEGER, Feature, Signature
from foreseen.domain.values.text_values import read_text

_FLOAT: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_INTEGER_SIGNS: Final = b"0123456789-"
_FLOAT_SIGNS: Final = b"0123456789+-.eE"
_BOOLS: Final = pa.array(["false", "f", "0", "0.0", "true", "t", "1", "1.0"])
_WORDS: Final = pa.array(["false", "true"])
_YEAR_AND_MONTH: Final = "(16[89][0-9]|1[7-9][0-9]{2}|2[01][0-9]{2}|22[0-5][0-9])-(0[1-9]|1[0-2])"
"""Years and months whose days are all in the range of a datetime64[ns], whatever their offset."""
_DAYS: Final = ("(0[1-9]|[12][0-9]|3[01])", "(0[1-9]|1[0-9]|2[0-8])")
"""Days that most months have, and those that all have."""
_TIME: Final = r"[Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_OFFSET: Final = "([Zz]|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_PLAIN_LENGTH: Final = 300
"""Longer numbers are left to `read_text`, which accepts no integer of that length."""

Given = TypeVar("Given")
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.number]
Values = Sequence[object] | Column
"""n values of a feature: an array, or a list, of lists for tensors."""

RejectedCells = dict[int, str]
"""The reason for each rejected cell, by its row."""


def read_column(feature: Feature, cells: pa.Array) -> tuple[Values, RejectedCells]:
    """Read n cells; those that are not plain are read by `read_text`, whose rules apply to all.

    Returns:
        n values, with stand-ins for rejected cells, and the reason for each rejected row.
    """
    if feature.shape:
        return read_each(feature, cells.to_pylist(), lambda text: _checked(feature, read_text(feature, text)))
    if feature.dtype == "string":
        return _strings(feature, cells), {}
    values, doubtful = plain_values(feature, cells)
    return values, read_rest(feature, values, doubtful, cells, lambda text: read_text(feature, text))


def plain_values(feature: Feature, cells: pa.Array) -> tuple[Column, Mask]:
    """Read n cells of numbers, bools, or dates and times, all at once; an empty cell is missing if one may be.

    Returns:
        n values of the feature's column dtype or one that holds the same numbers, and which of them are not read.
    """
    read = _bools if feature.dtype == "bool" else _datetimes if feature.dtype in DATETIMES else _numbers
    if not feature.missing:
        return read(feature, cells)
    missing = lengths(cells) == 0
    has_missing = bool(missing.any())
    values, doubtful = read(feature, pc.if_else(~missing, cells, None) if has_missing else cells)
    values = values.astype(np.float64) if feature.is_integral else values
    if has_missing:
        values[missing] = _missing(feature)
        doubtful &= ~missing
    return values, doubtful


def read_rest(
    feature: Feature, values: Column, doubtful: Mask, texts: pa.Array, read: Callable[[str], object]
) -> RejectedCells:
    """Read the doubtful values from their texts into `values`, each distinct text once.

    Returns:
        The reason for each rejected row, whose value is 0.
    """
    rows = np.flatnonzero(doubtful)
    if not len(rows):
        return {}
    known: dict[str, tuple[object, str]] = {}
    outcomes = [
        known.get(text) or known.setdefault(text, _outcome(feature, text, read))
        for text in texts.take(pa.array(rows)).to_pylist()
    ]
    values[rows] = np.array([value for value, _ in outcomes], dtype=values.dtype)
    return {row: reason for row, (_, reason) in zip(rows.tolist(), outcomes, strict=True) if reason}


def _outcome(feature: Feature, text: str, read: Callable[[str], object]) -> tuple[object, str]:
    """Return a value as its column holds it; for a rejected one, a stand-in and the reason."""
    try:
        return _held(feature, read(text)), ""
    except InvalidBatchError as exc:
        return _held(feature, 0), str(exc)


def read_each(
    feature: Feature, given: Sequence[Given], read: Callable[[Given], object]
) -> tuple[list[object], RejectedCells]:
    """Read values one by one; return as `read_column`."""
    values: list[object] = []
    rejected: RejectedCells = {}
    for row, each in enumerate(given):
        try:
            values.append(read(each))
        except InvalidBatchError as exc:
            rejected[row] = str(exc)
            values.append(stand_in(feature))
    return values, rejected


def stand_in(feature: Feature) -> object:
    """Return a placeholder for a rejected value."""
    value: object = "" if feature.dtype == "string" else 0
    for length in reversed(feature.shape):
        value = [value] * length
    return value


def _held(feature: Feature, value: object) -> object:
    """Return a value as an array of its feature's column dtype holds it."""
    if value is None:
        return _missing(feature)
    return np.datetime64(cast("int", value), "ns") if feature.dtype in DATETIMES else value  # nanoseconds since 1970


def _missing(feature: Feature) -> float | np.datetime64:
    return np.datetime64(NAT, "ns") if feature.dtype in DATETIMES else np.nan


def _strings(feature: Feature, cells: pa.Array) -> Column:
    if feature.missing:
        cells = pc.if_else(pc.equal(cells, ""), None, cells)
    found: Column = cells.to_numpy(zero_copy_only=False)
    return found


def _bools(_feature: Feature, cells: pa.Array) -> tuple[Column, Mask]:
    place: npt.NDArray[np.int32] = pc.fill_null(pc.index_in(pc.utf8_lower(cells), _BOOLS), -1).to_numpy()
    return place >= len(_BOOLS) // 2, place < 0


def _datetimes(feature: Feature, cells: pa.Array) -> tuple[Column, Mask]:
    has_zone = feature.dtype == "datetime_tz"
    kind = pa.timestamp("ns", "UTC" if has_zone else None)
    for day in _DAYS:
        form = f"^{_YEAR_AND_MONTH}-{day}" + (f"{_TIME}{_OFFSET}$" if has_zone else f"({_TIME})?$")
        is_plain = pc.fill_null(pc.match_substring_regex(cells, form), fill_value=False)
        try:
            # In capitals, since Arrow reads no t or z.
            ticks = pc.cast(pc.cast(pc.ascii_upper(pc.if_else(is_plain, cells, None)), kind), pa.int64())
        except pa.ArrowInvalid:  # one of them is not in the calendar
            continue
        return _as_numpy(ticks).view("<M8[ns]"), ~is_plain.to_numpy(zero_copy_only=False)
    return np.zeros(len(cells), dtype="<M8[ns]"), np.ones(len(cells), dtype=bool)


def _numbers(feature: Feature, cells: pa.Array) -> tuple[Column, Mask]:
    """Return the values of plain numbers, and which cells are not or may not be valid numbers."""
    is_float = feature.dtype in FLOATS
    values, is_number = _cast(cells, is_float=is_float)
    # Floats beyond this may be valid, and integers that were rounded to it are not: this is decided cell by cell.
    low, high = (1 - MAX_EXACT_INTEGER, MAX_EXACT_INTEGER - 1) if is_float else feature.bounds
    doubtful = ~((values >= low) & (values <= high)) | ~is_number | (lengths(cells) > _PLAIN_LENGTH)
    return values, doubtful


def _cast(cells: pa.Array, *, is_float: bool) -> tuple[Numbers, Mask | np.bool_]:
    """Return the numbers, and which of the cells are numbers."""
    numbers = _cast_all(cells, is_float=is_float)
    if numbers is None:
        cells = _digits_for_words(cells)
        numbers = _cast_all(cells, is_float=is_float)
    if numbers is not None:
        return numbers, np.True_
    if not is_float:
        numbers, is_number = _cast(cells, is_float=True)
        is_whole = (np.abs(numbers) < MAX_EXACT_INTEGER) & (numbers == np.rint(numbers))
        return np.where(is_whole, numbers, 0).astype(np.int64), is_number & is_whole
    plain = pc.fill_null(pc.match_substring_regex(cells, _FLOAT), fill_value=False)
    numbers = _as_numpy(pc.cast(pc.if_else(plain, cells, None), pa.float64()))
    return numbers, plain.to_numpy(zero_copy_only=False)


def _cast_all(cells: pa.Array, *, is_float: bool) -> Numbers | None:
    """Return the numbers if all of them are."""
    # Checked first: Arrow takes half a microsecond to reject a cell, and would accept hexadecimal integers.
    if text_bytes(cells).translate(None, _FLOAT_SIGNS if is_float else _INTEGER_SIGNS):
        return None
    try:
        return _as_numpy(pc.cast(cells, pa.float64() if is_float else pa.int64()))
    except pa.ArrowInvalid:
        return None


def _digits_for_words(cells: pa.Array) -> pa.Array:
    """Return the cells with 1 for true, and 0 for false."""
    place = pc.index_in(pc.utf8_lower(cells), _WORDS)
    return pc.if_else(pc.is_valid(place), pc.cast(place, pa.string()), cells)


def _as_numpy(numbers: pa.Array) -> Numbers:
    """Return values that may be written to, with 0 for null."""
    return np.array(pc.fill_null(numbers, 0) if numbers.null_count else numbers)


def _checked(feature: Feature, value: object) -> object:
    # The batch checks whether each number of a tensor fits its dtype.
    Batch.of(Signature((feature,)), {feature.name: [value]})
    return value
