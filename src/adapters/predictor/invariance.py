"""Whether a model gives an instance the same bits in any batch; measured, since no estimator says it."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from foreseen.domain.batch import Batch
from foreseen.domain.errors import ForeseenError
from foreseen.domain.probe import PROBE_ROWS, probe_batch
from foreseen.domain.signature import Signature
from foreseen.domain.steady import CallSize

SIZES: Final = (1, 2, 7, 32, 64)
"""Batch sizes compared: 1 and 2 take other paths through BLAS, 7 is odd, 32 and 64 fill its blocks."""

STEADY_ROWS: Final = 32
"""The batch size at which no estimator measured gave a row other bits in another position or beside other rows.

Source:
    docs/adr/0007-rows-of-a-model-call.md
"""


def call_size(
    raw: Callable[[Batch], list[bytes]],
    signature: Signature,
    *,
    has_cheap_rows: bool | None = None,
    budget_s: float = 2.0,
) -> CallSize:
    """Choose how a model is to be called.

    One row alone is laid out otherwise in memory than two, and sums of eight or more members, trees or classes then
    round otherwise in a few rows of a hundred: too few to be found by a probe. So where 4 rows cost about as much as 1,
    there are no calls of one row, even of a model that was shown to be invariant.

    A model that was not shown to be invariant is called with STEADY_ROWS where 4 rows cost about as much as 1, as in
    everything that computes with arrays, and one row at a time where each costs its own time or the probe was refused.

    Args:
        raw: gives each instance's answer as bits.
        has_cheap_rows: whether 4 rows cost about as much as 1; None to find out.
        budget_s: seconds that the probe may take; a model too slow for it counts as not invariant.
    """
    try:
        probe = probe_batch(signature)
        one_s, four_s = (_seconds(raw, probe.take(range(n)), enough_s=budget_s / 4) for n in (1, 4))
        is_cheap = four_s < 2 * one_s if has_cheap_rows is None else has_cheap_rows
        steady = CallSize(fixed=STEADY_ROWS if is_cheap else 1)
        slices = list(_slices())
        row_s = max(0.0, four_s - one_s) / 3
        if one_s * len(slices) + row_s * sum(map(len, slices)) > budget_s:
            return steady
        whole = raw(probe)
        is_invariant = all(raw(probe.take(rows)) == [whole[row] for row in rows] for rows in slices)
    except ForeseenError:
        return CallSize(fixed=1)
    return CallSize(least=2 if is_cheap else 1) if is_invariant else steady


def _seconds(raw: Callable[[Batch], list[bytes]], batch: Batch, *, enough_s: float) -> float:
    """Time a call: the quickest of up to three, since the first may pay for what is set up lazily."""
    taken: list[float] = []
    while len(taken) < 3 and sum(taken) < enough_s:
        start = time.perf_counter()
        raw(batch)
        taken.append(time.perf_counter() - start)
    return min(taken)


def _slices() -> Iterator[Sequence[int]]:
    """Cut the probe into batches of each size; of single rows, a few."""
    for size in SIZES:
        starts = range(0, PROBE_ROWS - size + 1, size)
        yield from ([*range(start, start + size)] for start in list(starts)[: 12 if size == 1 else 4])
