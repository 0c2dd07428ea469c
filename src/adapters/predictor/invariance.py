"""Whether a model gives an instance the same bits in any batch; measured, since no estimator says it."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from foreseen.domain.batch import Batch
from foreseen.domain.errors import ForeseenError
from foreseen.domain.probe import PROBE_ROWS, probe_batch
from foreseen.domain.signature import Signature

SIZES: Final = (1, 2, 7, 32, 64)
"""Batch sizes compared: 1 and 2 take other paths through BLAS, 7 is odd, 32 and 64 fill its blocks."""

STEADY_ROWS: Final = 32
"""The batch size at which no estimator measured gave a row other bits in another position or beside other rows.

Source:
    docs/adr/0007-fixed-rows-per-call.md
"""


def rows_per_call(raw: Callable[[Batch], list[bytes]], signature: Signature, *, budget_s: float = 2.0) -> int | None:
    """Choose how a model is to be called: None for batches of any size, else the fixed number of rows.

    A model that was not shown to be invariant is called with STEADY_ROWS where 4 rows cost about as much as 1, as in
    everything that computes with arrays, and one row at a time where each costs its own time or the probe was refused.

    Args:
        raw: gives each instance's answer as bits.
        budget_s: seconds that the probe may take; a model too slow for it counts as not invariant.
    """
    try:
        probe = probe_batch(signature)
        one_s, four_s = _seconds(raw, probe.take([0])), _seconds(raw, probe.take([0, 1, 2, 3]))
        steady = STEADY_ROWS if four_s < 2 * one_s else 1
        slices = list(_slices())
        row_s = max(0.0, four_s - one_s) / 3
        if one_s * len(slices) + row_s * sum(map(len, slices)) > budget_s:
            return steady
        whole = raw(probe)
        is_invariant = all(raw(probe.take(rows)) == [whole[row] for row in rows] for rows in slices)
    except ForeseenError:
        return 1
    return None if is_invariant else steady


def _seconds(raw: Callable[[Batch], list[bytes]], batch: Batch) -> float:
    raw(batch)  # the first call of a kind pays for what is set up lazily
    start = time.perf_counter()
    raw(batch)
    return time.perf_counter() - start


def _slices() -> Iterator[Sequence[int]]:
    """Cut the probe into batches of each size; of single rows, a few."""
    for size in SIZES:
        starts = range(0, PROBE_ROWS - size + 1, size)
        yield from ([*range(start, start + size)] for start in list(starts)[: 12 if size == 1 else 4])
