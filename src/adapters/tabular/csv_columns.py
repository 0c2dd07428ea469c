"""One column of cells as the values of one feature: all at once where every cell is plain, else one by one."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from foreseen.domain.batch import Batch
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.signature import FLOATS, MAX_EXACT_INTEGER, Feature, Signature
from foreseen.domain.text import read_text


def read_column(feature: Feature, cells: pa.Array) -> tuple[Any, dict[int, str]]:
    """Read n cells.

    Returns:
        n values that stand in for the refused ones where there are any, and the reason for each refused row.
    """
    values = _all_at_once(feature, cells)
    return (values, {}) if values is not None else _one_by_one(feature, cells)


def _all_at_once(feature: Feature, cells: pa.Array) -> Any | None:
    """Give the values when all cells are plain, else None: then `read_text` decides, as it does everywhere else."""
    if feature.shape or feature.dtype == "bool":
        return None
    if feature.dtype == "string":
        return None if feature.missing else cells.to_pylist()
    pattern = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$" if feature.dtype in FLOATS else "^-?[0-9]+$"
    if not pc.all(pc.match_substring_regex(cells, pattern), min_count=0).as_py():
        return None
    try:
        values = pc.cast(cells, pa.float64() if feature.dtype in FLOATS else pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    # Floats beyond this may be fine, and integers that were rounded to it are not: that is decided cell by cell.
    low, high = (1 - MAX_EXACT_INTEGER, MAX_EXACT_INTEGER - 1) if feature.dtype in FLOATS else feature.bounds
    return values if bool(((values >= low) & (values <= high)).all()) else None


def _one_by_one(feature: Feature, cells: pa.Array) -> tuple[list[Any], dict[int, str]]:
    values: list[Any] = []
    refused: dict[int, str] = {}
    for row, text in enumerate(cells.to_pylist()):
        try:
            values.append(_read(feature, text))
        except InvalidBatchError as exc:
            refused[row] = str(exc)
            values.append(_stand_in(feature))
    return values, refused


def _read(feature: Feature, text: str) -> Any:
    value = read_text(feature, text)
    if feature.shape:  # whether each of its numbers is finite and in bounds is for the batch to say
        Batch.of(Signature((feature,)), {feature.name: [value]})
    return value


def _stand_in(feature: Feature) -> Any:
    value: Any = "" if feature.dtype == "string" else 0
    for length in reversed(feature.shape):
        value = [value] * length
    return value
