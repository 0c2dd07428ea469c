"""A sample of distinct instances: of equal ones all are in it, or none, whatever order they come in."""

from typing import Final

import numpy as np
import numpy.typing as npt

from foreseen.domain.values.batch import Batch, Column

ONE_IN: Final = 16
"""One in so many distinct instances is in the sample: a larger share than of a service, since a file is judged by
its first rows, and a sampled row costs its key alone, not a lookup and a write."""

_MULTIPLIER: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
"""Odd and irregular: multiplying by it moves differences into the upper bits.

Source:
    Knuth, The Art of Computer Programming, volume 3, 6.4: 2^64 divided by the golden ratio.
"""


def sampled(batch: Batch) -> npt.NDArray[np.intp]:
    """Return the indices of a batch's rows in the sample; within a process, equal instances are all in it or none.

    It takes a nanosecond per number, where a key takes hundreds.
    """
    mixed = np.zeros(len(batch), dtype=np.uint64)
    for column in batch.columns:
        for part in _words(column):
            mixed *= _MULTIPLIER
            mixed += part
    # Differences may be in the upper bits alone: those of small integers as floats are.
    for _ in range(2):
        mixed ^= mixed >> np.uint64(32)
        mixed *= _MULTIPLIER
    return np.flatnonzero(mixed >> np.uint64(32) & np.uint64(ONE_IN - 1) == 0)


def _words(column: Column) -> list[npt.NDArray[np.uint64]]:
    """Return each value of a column as 64 bits, or as several times 64 where it is a tensor."""
    if column.dtype == object:
        return [np.fromiter(map(hash, column.tolist()), dtype=np.int64, count=len(column)).view(np.uint64)]
    flat = np.ascontiguousarray(column).reshape(len(column), -1)
    # Batches are canonical: as in keys, there is one NaN and one zero.
    kind = np.float64 if flat.dtype.kind == "f" else np.int64
    return [np.ascontiguousarray(part).astype(kind, copy=False).view(np.uint64) for part in flat.T]
