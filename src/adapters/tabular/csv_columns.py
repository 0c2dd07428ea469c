"""One column of cells as the values of one feature: all at once where they are plain, the others one by one."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from foreseen.adapters.tabular.cells import lengths, text_bytes
from foreseen.domain.batch import Batch
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.signature import FLOATS, MAX_EXACT_INTEGER, Feature, Signature
from foreseen.domain.text import read_text

_FLOAT: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_INTEGER: Final = "^-?[0-9]+$"
_BOOLS: Final = pa.array(["false", "0", "true", "1"])
_PLAIN_LENGTH: Final = 300
"""Longer numbers are left to `read_text`, which takes no integer of that length."""

Mask = npt.NDArray[np.bool_]


def read_column(feature: Feature, cells: pa.Array) -> tuple[Any, dict[int, str]]:
    """Read n cells; what is not plain is read by `read_text`, which decides here as it does everywhere else.

    Returns:
        n values that stand in for the refused ones where there are any, and the reason for each refused row.
    """
    if feature.shape:
        return _one_by_one(feature, cells)
    if feature.dtype == "string":
        return _strings(feature, cells), {}
    values, doubtful = _bools(cells) if feature.dtype == "bool" else _numbers(feature, cells)
    refused: dict[int, str] = {}
    for row in map(int, np.flatnonzero(doubtful)):
        try:
            value = read_text(feature, cells[row].as_py())
            values[row] = np.nan if value is None else value
        except InvalidBatchError as exc:
            refused[row] = str(exc)
            values[row] = 0
    return values, refused


def _strings(feature: Feature, cells: pa.Array) -> Any:
    if feature.missing:
        cells = pc.if_else(pc.equal(cells, ""), None, cells)
    return cells.to_numpy(zero_copy_only=False)


def _bools(cells: pa.Array) -> tuple[Any, Mask]:
    place = pc.fill_null(pc.index_in(pc.utf8_lower(cells), _BOOLS), -1).to_numpy()
    return place >= 2, place < 0


def _numbers(feature: Feature, cells: pa.Array) -> tuple[Any, Mask]:
    """Give the values of plain numbers, and which of the cells are none or may be none."""
    is_float = feature.dtype in FLOATS
    size = lengths(cells)
    missing = size == 0
    has_missing = feature.missing and bool(missing.any())
    values, is_number = _cast(pc.if_else(~missing, cells, None) if has_missing else cells, is_float=is_float)
    # Floats beyond this may be fine, and integers that were rounded to it are not: that is decided cell by cell.
    low, high = (1 - MAX_EXACT_INTEGER, MAX_EXACT_INTEGER - 1) if is_float else feature.bounds
    doubtful = ~((values >= low) & (values <= high)) | ~is_number | (size > _PLAIN_LENGTH)
    if has_missing:
        doubtful &= ~missing
        values[missing] = np.nan
    return values, doubtful


def _cast(cells: pa.Array, *, is_float: bool) -> tuple[Any, Any]:
    """Give the numbers, and which of them are: Arrow takes no float that `read_text` does not, but hexadecimals."""
    kind = pa.float64() if is_float else pa.int64()
    data = b"" if is_float else text_bytes(cells)
    if not (b"x" in data or b"X" in data):
        try:
            return _as_numpy(pc.cast(cells, kind)), np.True_
        except pa.ArrowInvalid:
            pass
    plain = pc.fill_null(pc.match_substring_regex(cells, _FLOAT if is_float else _INTEGER), fill_value=False)
    try:
        numbers = pc.cast(pc.if_else(plain, cells, None), kind)
    except pa.ArrowInvalid:  # an integer of more than 64 bits
        return np.zeros(len(cells), dtype=np.int64), np.zeros(len(cells), dtype=bool)
    return _as_numpy(numbers), plain.to_numpy(zero_copy_only=False)


def _as_numpy(numbers: pa.Array) -> Any:
    """Give values that may be written to, with 0 for null."""
    return np.array(pc.fill_null(numbers, 0) if numbers.null_count else numbers)


def _one_by_one(feature: Feature, cells: pa.Array) -> tuple[list[Any], dict[int, str]]:
    values: list[Any] = []
    refused: dict[int, str] = {}
    for row, text in enumerate(cells.to_pylist()):
        try:
            values.append(_read(feature, text))
        except InvalidBatchError as exc:
            refused[row] = str(exc)
            values.append(stand_in(feature))
    return values, refused


def _read(feature: Feature, text: str) -> Any:
    value = read_text(feature, text)
    # Whether each of its numbers is finite and in bounds is for the batch to say.
    Batch.of(Signature((feature,)), {feature.name: [value]})
    return value


def stand_in(feature: Feature) -> Any:
    """Give a value to hold the place of one that is refused."""
    value: Any = "" if feature.dtype == "string" else 0
    for length in reversed(feature.shape):
        value = [value] * length
    return value
