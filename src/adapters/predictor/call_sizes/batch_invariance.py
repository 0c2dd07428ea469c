"""How many rows a model is to be called with, so that no answer depends on the rest of its batch."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from foreseen.adapters.predictor.call_sizes.row_independence import RowKnowledge
from foreseen.adapters.predictor.call_sizes.work_per_row import grows_with_rows
from foreseen.domain.errors import ForeseenError
from foreseen.domain.model.call_size import CallSize
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.probe import PROBE_ROWS, probe_batch
from foreseen.domain.values.signature import Signature

BATCHES: Final[tuple[Sequence[int], ...]] = (
    range(1),
    range(10, 11),
    range(50, 51),
    range(2),
    range(10, 12),
    range(2, 5),
    range(5, 12),
    range(50, 57),
    range(31),
    range(31, 62),
    range(63, -1, -1),
)
"""Rows of the probe that are computed again in another batch.

2 rows take another path through BLAS. Odd numbers leave a rest of its blocks of 4 to 32 rows, where most of what varies
does. In the last batch each row has another place.

Source:
    docs/adr/0012-the-model-isolation-a-process-of-its-own.md
"""

FEW_BATCHES: Final[tuple[Sequence[int], ...]] = (range(1), range(2, 4), range(5, -1, -1))
"""The same for a model that goes through its rows one by one, which may take seconds for each."""

STEADY_ROWS: Final = 32
"""The batch size at which no estimator measured gave a row other bits in another position or beside other rows.

Source:
    docs/adr/0007-rows-of-a-model-call.md
"""


class ProbedModel(Protocol):
    """A model that can be called with any batch, and shows what `predict` may hide."""

    def raw(self, batch: Batch) -> list[bytes]:
        """Return each row's answer as the bits that the model computed, decision values too."""

    def compute(self, batch: Batch) -> object:
        """Call the model as `predict` does, and leave the answer as it is."""


def call_size(
    model: ProbedModel, signature: Signature, knowledge: RowKnowledge, *, is_estimator: bool = False
) -> CallSize:
    """Choose how a model is to be called; the same for the same model, however busy the machine is.

    One row alone is laid out otherwise in memory than two, and sums of eight or more members, trees or classes then
    round otherwise in a few rows of a hundred: too few to be found by a probe. So a model that computes its rows
    together is never called with one row.

    A model that multiplies matrices is called with STEADY_ROWS, or with one row where it goes through its rows one by
    one anyway. Of which kind a model is comes from its parts where they say so, else from a fixed number of calls; a
    model that refuses every made-up row is called with one.

    Args:
        is_estimator: whether it follows scikit-learn's base class, and so computes its rows together.
    """
    if knowledge == "independent":
        return CallSize(least=2)
    if knowledge == "matrix" and is_estimator:
        return CallSize(fixed=STEADY_ROWS)
    try:
        probe = accepted_rows(model.raw, probe_batch(signature))
        if not is_estimator and grows_with_rows(model.compute, probe):
            return CallSize() if _is_invariant(model.raw, probe, FEW_BATCHES) else CallSize(fixed=1)
        is_invariant = knowledge == "unknown" and _is_invariant(model.raw, probe, BATCHES)
    except ForeseenError:
        return CallSize(fixed=1)
    return CallSize(least=2) if is_invariant else CallSize(fixed=STEADY_ROWS)


def next_size(size: CallSize) -> CallSize | None:
    """Return how to call a model whose answers depended on the batch at this size: 32 rows, then 1; then None."""
    if size.fixed is None:
        return CallSize(fixed=STEADY_ROWS)
    return CallSize(fixed=1) if size.fixed > 1 else None


def accepted_rows(raw: Callable[[Batch], list[bytes]], probe: Batch) -> Batch:
    """Return the probe, or as many rows of those that the model accepts where it refuses some.

    Raises:
        InvalidBatchError, PredictionError: as the model, where it accepts none.
    """
    try:
        raw(probe)
        return probe
    except ForeseenError as exc:
        accepted = [row for row in range(len(probe)) if _is_accepted(raw, probe.take([row]))]
        if not accepted:
            raise exc from None
    return probe.take([accepted[row % len(accepted)] for row in range(PROBE_ROWS)])


def _is_accepted(raw: Callable[[Batch], list[bytes]], row: Batch) -> bool:
    try:
        raw(row)
    except ForeseenError:
        return False
    return True


def _is_invariant(raw: Callable[[Batch], list[bytes]], probe: Batch, batches: Sequence[Sequence[int]]) -> bool:
    whole = raw(probe.take(range(1 + max(map(max, batches)))))
    return all(raw(probe.take(rows)) == [whole[row] for row in rows] for rows in batches)
