"""A sample of an exact number of rows, drawn while a table goes by once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from foreseen.adapters.tabular.chosen_rows.row_picks import picked
from foreseen.domain.tables.sampled_lines import Draws, draws
from foreseen.domain.tables.table import Chunk


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Rows of a chunk that may be in the sample.

    Attributes:
        rows, rejects: the random number of each.
    """

    chunk: Chunk
    rows: Draws
    rejects: Draws

    @property
    def size(self) -> int:
        """The number of rows and rejects."""
        return len(self.rows) + len(self.rejects)

    def up_to(self, bound: int) -> "_Drawn":
        """Return those whose number is no larger than a bound."""
        rows, rejects = self.rows <= np.uint64(bound), self.rejects <= np.uint64(bound)
        kept = [one for one, is_kept in zip(self.chunk.rejects, rejects, strict=True) if is_kept]
        chunk = replace(picked(self.chunk, np.flatnonzero(rows)), rejects=kept)
        return _Drawn(chunk, self.rows[rows], self.rejects[rejects])

    def numbers(self) -> Draws:
        """Return all numbers."""
        return np.concatenate([self.rows, self.rejects])


def drawn_by_count(chunks: Iterable[Chunk], count: int, *, seed: int) -> Iterator[Chunk]:
    """Yield each chunk without its rows, and at the end a sample of all rows, in their order.

    The sample is the rows with the smallest random numbers. At most twice the sample and one chunk are in memory.
    """
    waiting: list[_Drawn] = []
    held, bound = 0, 2**64 - 1
    for chunk in chunks:
        rejects = draws([one.line for one in chunk.rejects], source=chunk.source, seed=seed)
        drawn = _Drawn(chunk, draws(chunk.lines, source=chunk.source, seed=seed), rejects).up_to(bound)
        if drawn.size:
            waiting.append(drawn)
            held += drawn.size
        if held > 2 * count:
            waiting, bound = _smallest(waiting, count)
            held = sum(each.size for each in waiting)
        yield replace(chunk, batch=None, table=None, lines=(), rejects=())
    waiting, _ = _smallest(waiting, count)
    for drawn in waiting:
        yield drawn.chunk


def _smallest(waiting: list[_Drawn], count: int) -> tuple[list[_Drawn], int]:
    """Return the rows with the smallest numbers, and the largest of these."""
    numbers = np.concatenate([each.numbers() for each in waiting]) if waiting else np.zeros(0, dtype=np.uint64)
    if len(numbers) <= count:
        return waiting, 2**64 - 1
    bound = int(np.partition(numbers, count - 1)[count - 1])
    return [drawn for each in waiting if (drawn := each.up_to(bound)).size], bound
