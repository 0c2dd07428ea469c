"""Answers: the results of rows in memory, as columns or as plain values."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from foreseen.adapters.tabular.columns.chunk_rows import as_cells
from foreseen.domain.tables.table import Chunk, Lines, TableEncoder
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.predictions import Predictions, joined_predictions

_NO_COLUMNS: Final = Chunk("", None, None, (), (), as_text=as_cells)


@dataclass(frozen=True, slots=True)
class Answers:
    """Predictions of rows, and the reasons for those that have none.

    Attributes:
        prediction: the name of the prediction's column.
        count: how many rows there are.
        parts: numbers of rows, counted from 1, and their predictions.
        encoder: writes predictions as the columns of a Parquet file, and no other column.
        reasons: why a row has no prediction, by its number.
    """

    prediction: str
    count: int
    parts: Sequence[tuple[Lines, Predictions]]
    encoder: TableEncoder
    reasons: Mapping[int, str]

    def table(self, *, has_reasons: bool = False) -> pa.Table:
        """Return the columns that predictions add, typed as in a Parquet file; null for a row without one.

        Args:
            has_reasons: whether a column of reasons is added.
        """
        table = self._in_place(self._columns())
        if not has_reasons:
            return table
        reasons = pa.array([self.reasons.get(row) for row in range(1, self.count + 1)], pa.string())
        return table.append_column(error_column(self.prediction), reasons)

    def values(self) -> list[Json]:
        """Return one answer per row as in HTTP: an output's value, or a dict of several; None for a row without one."""
        if not self.parts:
            return [None] * self.count
        outputs = joined_predictions([predictions for _, predictions in self.parts]).outputs
        answers: Sequence[Json] = next(iter(outputs.values()))
        if len(outputs) > 1:
            answers = [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]
        return [None if place < 0 else answers[place] for place in self._places().tolist()]

    def _columns(self) -> pa.Table:
        """Return the columns of the rows that have a prediction, with types as in a Parquet file."""
        spool, sealed = io.BytesIO(), io.BytesIO()
        spool.write(self.encoder.begin())
        for _, predictions in self.parts:
            spool.write(self.encoder.encode(_NO_COLUMNS, predictions))
        self.encoder.seal(spool, sealed)
        return pq.read_table(pa.BufferReader(sealed.getvalue()))

    def _in_place(self, found: pa.Table) -> pa.Table:
        if found.num_rows == self.count:
            return found
        if not found.num_rows:
            return pa.table([pa.nulls(self.count, field.type) for field in found.schema], schema=found.schema)
        places = self._places()
        return found.take(pa.array(places, mask=places < 0))

    def _places(self) -> npt.NDArray[np.int64]:
        """Return for each row the index of its prediction; -1 if it has none."""
        places = np.full(self.count, -1, dtype=np.int64)
        rows = np.concatenate([np.asarray(lines, dtype=np.int64) for lines, _ in self.parts])
        places[rows - 1] = np.arange(len(rows))
        return places


def error_column(prediction: str) -> str:
    """Return the name of the column of reasons."""
    return f"{prediction}_error"
