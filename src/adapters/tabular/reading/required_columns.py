"""Rules for every format: which columns are required, and how rows that cannot be read are rejected."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from foreseen.adapters.tabular.columns.text_columns import Values
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table import Chunk, Lines, Reject, RowsAsText
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Feature, Signature

_SHOWN_LENGTH: Final = 400

RejectedRows = dict[int, tuple[str, str]]
"""Column and reason, by the number of the row."""

ReadColumn = Callable[[Feature, pa.Array], tuple[Values, dict[int, str]]]
"""Reads the column of a feature: a value per row, and the reason for each rejected row, whose value is arbitrary."""


@dataclass(frozen=True, slots=True)
class ReadRows:
    """The rows of a table, read or rejected.

    Attributes:
        columns: the values of each feature in the rows that can be read; incomplete if there are no such rows.
        kept: the numbers of those rows, ascending.
        rejected: the column and the reason for each other row.
    """

    columns: Mapping[str, Values]
    kept: npt.NDArray[np.intp]
    rejected: RejectedRows


def check_columns(columns: Sequence[str], signature: Signature, name: str) -> None:
    """Check that each column occurs once, and that each feature has one.

    Raises:
        TableError: a column occurs twice, or is missing.
    """
    known = set(columns)
    if len(known) < len(columns):
        twice = min(column for column, count in Counter(columns).items() if count > 1)
        raise TableError(f"{name}: expected each column once, got {twice!r} twice")
    for feature in signature.names:
        if feature not in known:
            hint = did_you_mean(feature, known - set(signature.names))
            got = f"expected a column {feature!r}, got {listed(columns) or 'no column'}"
            raise TableError(f"{name}: {got}" + (f"; {hint}" if hint else ""))


def listed(columns: Sequence[str], most: int = 40) -> str:
    """Return the names of columns for a message: at most `most` of them, and of bounded length."""
    more = f" and {len(columns) - most} more" if len(columns) > most else ""
    text = ", ".join(column[:_SHOWN_LENGTH] for column in columns[:most])
    text = text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text) + more


def read_columns(
    signature: Signature, table: pa.RecordBatch, read: ReadColumn, rejected: RejectedRows | None = None
) -> ReadRows:
    """Read each feature's column; a row is rejected for its first faulty column, and not read any further.

    Args:
        rejected: rows that are rejected before reading.
    """
    reasons = dict(rejected or {})
    kept = _without(np.arange(table.num_rows), reasons)
    columns: dict[str, tuple[Values, npt.NDArray[np.intp]]] = {}
    for feature in signature.features:
        if not len(kept):
            break
        cells = table.column(feature.name)
        values, faults = read(feature, cells if len(kept) == len(cells) else cells.take(pa.array(kept)))
        columns[feature.name] = (values, kept)
        if faults:
            rows = kept[list(faults)].tolist()
            reasons |= {row: (feature.name, reason) for row, reason in zip(rows, faults.values(), strict=True)}
            kept = _without(kept, faults)
    is_kept = np.zeros(table.num_rows, dtype=bool)
    is_kept[kept] = True
    picked = {name: _picked(values, is_kept[rows]) for name, (values, rows) in columns.items()}
    return ReadRows(picked, kept, reasons)


def _without(rows: npt.NDArray[np.intp], places: Collection[int]) -> npt.NDArray[np.intp]:
    return np.delete(rows, list(places)) if places else rows


def _picked(values: Values, is_kept: npt.NDArray[np.bool_]) -> Values:
    if is_kept.all():
        return values
    return values[is_kept] if isinstance(values, np.ndarray) else list(compress(values, is_kept))


def rejects_of(
    rejected: RejectedRows,
    table: pa.RecordBatch,
    lines: Lines,
    source: str,
    as_text: RowsAsText,
) -> list[Reject]:
    """Return rejects for the rejected rows of a table, in its order."""
    if not rejected:
        return []
    rows = sorted(rejected)
    numbers = np.asarray(lines)[rows].tolist()
    return [
        Reject(source, line, *rejected[row], text)  # their column, and the reason
        for row, line, text in zip(rows, numbers, as_text(table, rows), strict=True)
    ]


def readable(signature: Signature, whole: Chunk, read: ReadRows) -> Chunk:
    """Return a chunk without its rejected rows, with the others as its batch."""
    if not len(read.kept):
        return replace(whole, table=None, lines=())
    chunk = replace(whole, batch=Batch.of(signature, read.columns))
    if not read.rejected:
        return chunk
    written = whole.written and {name: cells.take(read.kept) for name, cells in whole.written.items()}
    lines = np.asarray(whole.lines)[read.kept]
    return replace(chunk, table=whole.rows.take(pa.array(read.kept)), lines=lines, written=written)
