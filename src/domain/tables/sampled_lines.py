"""Which lines of a file are drawn: by a number for each, which depends on the seed, the file and the line alone."""

from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from foreseen.domain.tables.table import Lines

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)

Draws = npt.NDArray[np.uint64]


def draws(lines: Lines, *, source: str, seed: int) -> Draws:
    """Return a number for each of n lines, uniform over 64 bits, shape (n,).

    A line has the same number however its file is cut into chunks, and on every machine.

    Source:
        SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    start = int.from_bytes(
        blake2b(f"{seed}:{source}".encode(errors="surrogateescape"), digest_size=8).digest(), "little"
    )
    with np.errstate(over="ignore"):
        state = np.asarray(lines, dtype=np.int64).astype(np.uint64) * _STEP + np.uint64(start)
        state = (state ^ (state >> np.uint64(30))) * _FIRST
        state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))


def below(numbers: Draws, share: float) -> npt.NDArray[np.bool_]:
    """Return which lines belong to a share (0 to 1), by their numbers."""
    return numbers < np.uint64(min(round(share * 2**64), 2**64 - 1))
