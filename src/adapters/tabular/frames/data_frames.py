"""Frames of pandas and polars, and Arrow tables: their columns as Arrow, and predictions in the same kind of frame.

Neither library is imported here: the caller has imported the one of the frame.
"""

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import pyarrow as pa

from foreseen.adapters.tabular.frames.arrow_values import arrow_column, without_views
from foreseen.adapters.tabular.frames.frame_answers import Answers

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class PandasFrame:
    """A pandas DataFrame; its predictions have the same index."""

    name = "frame"

    def __init__(self, frame: "pd.DataFrame") -> None:
        self._frame = frame
        self.columns = tuple(map(str, frame.columns))

    def table(self, names: Sequence[str]) -> pa.Table:
        """Return some of the columns."""
        columns = [arrow_column(self._frame.iloc[:, self.columns.index(name)]) for name in names]
        return pa.Table.from_arrays(columns, names=list(names))

    def predicted(self, answers: Answers) -> object:
        """Return a Series, or a frame where there are several columns."""
        frame = self._added(answers.table())
        return frame.iloc[:, 0] if frame.shape[1] == 1 else frame

    def beside(self, added: pa.Table, keep: Sequence[str]) -> object:
        """Return the columns to keep as they were, and those to add."""
        kept = self._frame.iloc[:, _places(self.columns, keep)]
        columns = self._added(added)
        return kept.assign(**{name: columns[name] for name in columns.columns})

    def _added(self, added: pa.Table) -> "pd.DataFrame":
        frame = added.to_pandas()
        frame.index = self._frame.index
        return frame


class PolarsFrame:
    """A polars DataFrame."""

    name = "frame"

    def __init__(self, frame: "pl.DataFrame") -> None:
        self._frame = frame
        self.columns = tuple(frame.columns)

    def table(self, names: Sequence[str]) -> pa.Table:
        """Return some of the columns."""
        return without_views(self._frame.select(list(names)).to_arrow())

    def predicted(self, answers: Answers) -> object:
        """Return a Series, or a frame where there are several columns."""
        frame = _polars().from_arrow(answers.table())
        return frame.to_series(0) if frame.width == 1 else frame

    def beside(self, added: pa.Table, keep: Sequence[str]) -> object:
        """Return the columns to keep as they were, and those to add."""
        return self._frame.select(list(keep)).with_columns(_polars().from_arrow(added).get_columns())


class ArrowFrame:
    """An Arrow table, or what was converted to one: a record batch, a relation of DuckDB."""

    name = "table"

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self.columns = tuple(table.column_names)

    def table(self, names: Sequence[str]) -> pa.Table:
        """Return some of the columns."""
        return without_views(self._table.select([self.columns.index(name) for name in names]))

    def predicted(self, answers: Answers) -> pa.Table:
        """Return a table of the columns that predictions add."""
        return answers.table()

    def beside(self, added: pa.Table, keep: Sequence[str]) -> pa.Table:
        """Return the columns to keep as they were, and those to add."""
        table = self._table.select(_places(self.columns, keep))
        for name in added.column_names:
            table = table.append_column(name, added.column(name))
        return table


def _places(columns: Sequence[str], keep: Sequence[str]) -> list[int]:
    """Return the indices of columns with these names; several may have the same name."""
    wanted = frozenset(keep)
    return [place for place, name in enumerate(columns) if name in wanted]


def _polars() -> ModuleType:
    return sys.modules["polars"]
