"""Where a condition holds among rows that cannot be scored, by the text that each was."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from foreseen.adapters.tabular.chosen_rows.condition_mask import rows_where
from foreseen.adapters.tabular.columns.written_numbers import NumberStyle
from foreseen.adapters.tabular.csv.csv_cells import cells_of
from foreseen.domain.tables.condition import Condition
from foreseen.domain.tables.table import Chunk, Reject


def rejects_where(condition: Condition, chunk: Chunk, style: NumberStyle) -> list[Reject]:
    """Return the rejects that a condition holds for, and those of which it cannot be known: with too few cells, say.

    A row may be rejected for one column while a condition on another leaves it out.
    """
    rejects, names = chunk.rejects, condition.columns
    cells = [_cells_of_row(one.row, chunk) for one in rejects]
    known = [place for place, each in enumerate(cells) if each is not None]
    if not known:
        return list(rejects)
    table = pa.record_batch(
        [pa.array([_text(cells[place], name) for place in known], pa.string()) for name in names], names=list(names)
    )
    holds = dict(zip(known, rows_where(condition, table, style).tolist(), strict=True))
    return [one for place, one in enumerate(rejects) if holds.get(place, True)]


def _cells_of_row(row: str, chunk: Chunk) -> Mapping[str, Any] | None:
    """Return the cells of a row by their column; None where it does not have one for each."""
    columns = chunk.columns_of_rejects
    found = _fields(row) if columns is None else _cells(row, columns)
    return found if found is None else {**found, **chunk.shared}


def _cells(row: str, columns: Sequence[str]) -> dict[str, Any] | None:
    cells = cells_of(row)
    return dict(zip(columns, cells, strict=True)) if len(cells) == len(columns) else None


def _fields(row: str) -> dict[str, Any] | None:
    try:
        found = json.loads(row)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(cells: Any, name: str) -> str | None:
    value = cells.get(name)
    return value if value is None or isinstance(value, str) else json.dumps(value)
