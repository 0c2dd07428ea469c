"""Whether a model gives an instance the same bits in any batch; measured, since no estimator says it."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from foreseen.domain.batch import Batch
from foreseen.domain.call_size import CallSize
from foreseen.domain.errors import ForeseenError, UnanswerableError
from foreseen.domain.probe import probe_batch
from foreseen.domain.signature import Signature

BATCHES: Final[tuple[Sequence[int], ...]] = (
    range(2),
    range(10, 12),
    range(2, 5),
    range(40, 43),
    range(5, 12),
    range(50, 57),
    range(31),
    range(31, 62),
    range(63),
    range(63, -1, -1),
)
"""Rows of the probe that are asked again in another batch.

2 rows take another path through BLAS. Odd numbers leave a rest of its blocks of 4 to 32 rows, where most of what varies
does: 63 rows show in one call what many small ones miss. In the last batch each row has another place.

Source:
    docs/adr/0012-the-model-in-a-process-of-its-own.md
"""

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
    clock: Callable[[], float] = time.perf_counter,
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
    Raises:
        UnanswerableError: the model answers with what JSON has nothing for.
    """
    try:
        probe = probe_batch(signature)
        # A call so quick that the probe is far from its limit need not be timed again, unless the two are compared.
        quick_s = 0.0 if has_cheap_rows is None else budget_s / 100
        one_s, four_s = (
            _seconds(raw, probe.take(range(n)), quick_s=quick_s, enough_s=budget_s / 4, clock=clock) for n in (1, 4)
        )
        is_cheap = four_s < 2 * one_s if has_cheap_rows is None else has_cheap_rows
        steady = CallSize(fixed=STEADY_ROWS if is_cheap else 1)
        row_s = max(0.0, four_s - one_s) / 3
        # Lone rows are told to vary most easily; they are compared in earnest where there will be calls of one.
        lone = [range(row, row + 1) for row in range(0, 60, 10 if is_cheap else 5)]
        batches = [*lone, *BATCHES]
        if one_s * len(batches) + row_s * sum(map(len, batches)) > budget_s:
            return steady
        whole = raw(probe)
        is_invariant = all(raw(probe.take(rows)) == [whole[row] for row in rows] for rows in batches)
    except UnanswerableError:  # no other instance would have an answer that can go out
        raise
    except ForeseenError:
        return CallSize(fixed=1)
    return CallSize(least=2 if is_cheap else 1) if is_invariant else steady


def _seconds(
    raw: Callable[[Batch], list[bytes]], batch: Batch, *, quick_s: float, enough_s: float, clock: Callable[[], float]
) -> float:
    """Time a call: the quickest of up to three, since the first may pay for what is set up lazily."""
    taken: list[float] = []
    while len(taken) < 3 and sum(taken) < enough_s and min(taken, default=enough_s) > quick_s:
        start = clock()
        raw(batch)
        taken.append(clock() - start)
    return min(taken)
