"""ChosenRows: a reader of some rows of another: those that a condition holds for, a sample of them, the first."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from foreseen.adapters.tabular.chosen_rows.condition_mask import rows_where
from foreseen.adapters.tabular.chosen_rows.drawn_rows import drawn_by_count
from foreseen.adapters.tabular.chosen_rows.reject_cells import rejects_where
from foreseen.adapters.tabular.chosen_rows.row_picks import first_rows, in_parts, picked
from foreseen.adapters.tabular.columns.written_numbers import NumberStyle
from foreseen.adapters.tabular.reading.reader_types import FileReader
from foreseen.adapters.tabular.reading.reader_wrapper import ReaderWrapper
from foreseen.adapters.tabular.reading.required_columns import listed
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import TableError
from foreseen.domain.tables.condition import Condition
from foreseen.domain.tables.row_choice import ALL_ROWS, RowChoice
from foreseen.domain.tables.sampled_lines import below, draws
from foreseen.domain.tables.table import Chunk
from foreseen.domain.tables.table_format import TableForm


class ChosenRows(ReaderWrapper):
    """Reads another reader's chunks and leaves rows out; rows that cannot be scored are chosen by the same rules.

    A chunk without chosen rows is yielded as well, since a run checks between chunks whether to stop.
    """

    def __init__(self, reader: FileReader, choice: RowChoice, style: NumberStyle) -> None:
        """Choose among the rows of a reader.

        Args:
            style: how numbers are written in texts.
        Raises:
            TableError: the condition names a column that is not there.
        """
        super().__init__(reader)
        self._choice = choice
        self._style = style
        for name in choice.where.columns if choice.where else ():
            if name not in self.columns:
                hint = did_you_mean(name, self.columns)
                said = f"--where: expected columns of the input ({listed(self.columns)}), got {name!r}"
                raise TableError(said + (f"; {hint}" if hint else ""))

    def changed(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Return the chosen rows of chunks."""
        choice, sample = self._choice, self._choice.sample
        if choice.where is not None:
            chunks = _where(chunks, choice.where, self._style)
        if sample is not None and sample.share is not None:
            chunks = _drawn_by_share(chunks, sample.share, seed=sample.seed)
        elif sample is not None and sample.count is not None:
            chunks = drawn_by_count(chunks, sample.count, seed=sample.seed)
        if choice.limit is not None:
            chunks = first_rows(chunks, choice.limit)
        if choice.chunk_rows is not None:
            chunks = in_parts(chunks, choice.chunk_rows)
        return iter(chunks)


def with_chosen_rows(reader: FileReader, form: TableForm) -> FileReader:
    """Return a reader of the rows that are chosen, which is the reader itself if all are; raise TableError."""
    return reader if form.rows == ALL_ROWS else ChosenRows(reader, form.rows, NumberStyle.of(form.dialect))


def _where(chunks: Iterable[Chunk], condition: Condition, style: NumberStyle) -> Iterator[Chunk]:
    for chunk in chunks:
        part = (
            chunk if chunk.batch is None else picked(chunk, np.flatnonzero(rows_where(condition, chunk.table, style)))
        )
        yield replace(part, rejects=rejects_where(condition, chunk, style))


def _drawn_by_share(chunks: Iterable[Chunk], share: float, *, seed: int) -> Iterator[Chunk]:
    for chunk in chunks:
        rows = below(draws(chunk.lines, source=chunk.source, seed=seed), share)
        rejected = below(draws([one.line for one in chunk.rejects], source=chunk.source, seed=seed), share)
        rejects = [one for one, is_drawn in zip(chunk.rejects, rejected, strict=True) if is_drawn]
        yield replace(picked(chunk, np.flatnonzero(rows)), rejects=rejects)
