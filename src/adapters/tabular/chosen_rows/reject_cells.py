"""Where a condition holds among rows that cannot be scored, judged by their texts."""

import json
from collections.abc import Mapping, Sequence

import pyarrow as pa

from foreseen.adapters.tabular.chosen_rows.condition_mask import rows_where
from foreseen.adapters.tabular.columns.written_numbers import NumberStyle
from foreseen.adapters.tabular.csv.csv_cells import cells_of
from foreseen.domain.tables.condition import Condition
from foreseen.domain.tables.table import Chunk, Reject


def rejects_where(condition: Condition, chunk: Chunk, style: NumberStyle) -> list[Reject]:
    """Return the rejects for which a condition holds, or cannot be decided, as with too few cells.

    A row may be rejected for one column while a condition on another leaves it out.
    """
    rejects, names = chunk.rejects, condition.columns
    cells = [_cells_of_row(one.row, chunk) for one in rejects]
    known = {place: each for place, each in enumerate(cells) if each is not None}
    if not known:
        return list(rejects)
    table = pa.record_batch(
        [pa.array([_text(each, name) for each in known.values()], pa.string()) for name in names], names=list(names)
    )
    holds = dict(zip(known, rows_where(condition, table, style).tolist(), strict=True))
    return [one for place, one in enumerate(rejects) if holds.get(place, True)]


def _cells_of_row(row: str, chunk: Chunk) -> Mapping[str, object] | None:
    """Return the cells of a row by their column; None unless it has one for each."""
    columns = chunk.columns_of_rejects
    found = _fields(row) if columns is None else _cells(row, columns)
    return found if found is None else {**found, **chunk.shared}


def _cells(row: str, columns: Sequence[str]) -> dict[str, object] | None:
    cells = cells_of(row)
    return dict(zip(columns, cells, strict=True)) if len(cells) == len(columns) else None


def _fields(row: str) -> dict[str, object] | None:
    try:
        found = json.loads(row)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(cells: Mapping[str, object], name: str) -> str | None:
    value = cells.get(name)
    return value if value is None or isinstance(value, str) else json.dumps(value)
