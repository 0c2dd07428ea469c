"""The rows of a chunk: as the record batch that all readers here create, and as lines of CSV."""

import csv
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from foreseen.domain.tables.table import Chunk


def record_batch_of(chunk: Chunk) -> pa.RecordBatch:
    """Return the readable rows of a chunk; raise ValueError if it has none."""
    return chunk.rows


def as_cells(rows: pa.RecordBatch, places: Sequence[int]) -> list[str]:
    """Return some rows as lines of CSV."""
    lines: list[str] = []
    columns = [_as_python(column) for column in rows.take(np.asarray(places, dtype=np.int64)).columns]
    csv.writer(_Lines(lines)).writerows(zip(*columns, strict=True))
    return [line.removesuffix("\r\n") for line in lines]


class _Lines:
    """A file for a CSV writer, which writes a row at a time."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append


def _as_python(column: pa.Array) -> list[object]:
    try:
        values: list[object] = column.to_pylist()
    except (OverflowError, ValueError, KeyError):  # a time in a year or a zone that Python does not know
        return [_cell_as_python(cell) for cell in column]
    return values


def _cell_as_python(cell: pa.Scalar) -> object:
    try:
        return cell.as_py()
    except (OverflowError, ValueError, KeyError):
        return cell.value
