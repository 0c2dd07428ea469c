"""Parts of chunks: some of their rows, the first ones, or a maximum number at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from foreseen.domain.tables.table import Chunk


def picked(chunk: Chunk, rows: Sequence[int] | npt.NDArray[np.intp]) -> Chunk:
    """Return a chunk of some of the readable rows, with its rejects; the chunk itself if these are all."""
    if chunk.batch is None or len(rows) == len(chunk.lines):
        return chunk
    if not len(rows):
        return replace(chunk, batch=None, table=None, lines=())
    return replace(chunk.take(rows), rejects=chunk.rejects)


def first_rows(chunks: Iterable[Chunk], most: int) -> Iterator[Chunk]:
    """Yield chunks up to a number of rows, counting those that cannot be scored."""
    left = most
    for chunk in chunks:
        part = _within(chunk, 0, left)
        yield part
        left -= _count(part)
        if not left:
            return


def in_parts(chunks: Iterable[Chunk], most: int) -> Iterator[Chunk]:
    """Yield chunks cut into parts of at most `most` rows."""
    for chunk in chunks:
        for start in range(0, max(1, _count(chunk)), most):
            yield _within(chunk, start, start + most)


def _within(chunk: Chunk, start: int, end: int) -> Chunk:
    """Return the rows of a chunk from `start` to before `end`, counted with rejects in the order of the file."""
    count = _count(chunk)
    if start == 0 and end >= count:
        return chunk
    lines = np.asarray(chunk.lines, dtype=np.int64)
    rejected = np.array([one.line for one in chunk.rejects], dtype=np.int64)
    # The place of each row among all; of a chunk both are in the order of their lines.
    rows = np.arange(len(lines)) + np.searchsorted(rejected, lines)
    rejects = np.arange(len(rejected)) + np.searchsorted(lines, rejected)
    chosen = np.flatnonzero((rows >= start) & (rows < end))
    kept = [one for one, place in zip(chunk.rejects, rejects.tolist(), strict=True) if start <= place < end]
    return replace(picked(chunk, chosen), rejects=kept)


def _count(chunk: Chunk) -> int:
    return len(chunk.lines) + len(chunk.rejects)
