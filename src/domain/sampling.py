"""A sample of instances by what they are: all that are equal are in it, or none, whatever order they come in."""

from typing import Final

import numpy as np
import numpy.typing as npt

from foreseen.domain.batch import Batch, Column

ONE_IN: Final = 16
"""Of how many distinct instances one is in the sample."""

_MULTIPLIER: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
"""Odd and irregular: multiplying by it moves what differs into the upper bits.

Source:
    Knuth, The Art of Computer Programming, volume 3, 6.4: 2^64 divided by the golden ratio.
"""


def sampled(batch: Batch) -> npt.NDArray[np.intp]:
    """Give the numbers of the rows of a batch that are in the sample; the same for equal instances, in this process.

    Telling takes some nanoseconds a number, where a key takes hundreds.
    """
    mixed = np.zeros(len(batch), dtype=np.uint64)
    for column in batch.columns:
        for part in _words(column):
            mixed = (mixed ^ part) * _MULTIPLIER
            mixed ^= mixed >> np.uint64(32)
    return np.flatnonzero(mixed % np.uint64(ONE_IN) == 0)


def _words(column: Column) -> list[npt.NDArray[np.uint64]]:
    """Give each value of a column as 64 bits, or as several times 64 where it is a tensor."""
    if column.dtype == object:
        return [np.fromiter(map(hash, column.tolist()), dtype=np.int64, count=len(column)).view(np.uint64)]
    flat = np.ascontiguousarray(column).reshape(len(column), -1)
    if flat.dtype.kind == "f":
        # NaN is one here as in keys, and zero has one sign: batches are canonical.
        return [part.astype(np.float64).view(np.uint64) for part in flat.T]
    return [part.astype(np.int64).view(np.uint64) for part in flat.T]
