"""How many rows a model is called with, so that no answer depends on the other rows of its batch."""

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
"""Rows of the probe that are computed again, as one batch each.

2 rows take another path through BLAS. Odd numbers leave a remainder of its blocks of 4 to 32 rows, where most
differences occur. The last batch reverses the rows.

Source:
    docs/adr/0012-the-model-in-a-process-of-its-own.md
"""

FEW_BATCHES: Final[tuple[Sequence[int], ...]] = (range(1), range(2, 4), range(5, -1, -1))
"""The same for a model that computes its rows one by one, which may take seconds for each."""

FIXED_ROWS: Final = 32
"""The batch size at which, in every estimator measured, a row's bits depend neither on its position nor on other rows.

Source:
    docs/adr/0007-rows-of-a-model-call.md
"""


class ProbedModel(Protocol):
    """A model that can be called with any batch, and shows what `predict` may hide."""

    def raw(self, batch: Batch) -> list[bytes]:
        """Return each row's answer as the bits that the model computed, decision values too."""

    def compute(self, batch: Batch) -> object:
        """Call the model as `predict` does, and return its answer unconverted."""


def call_size(
    model: ProbedModel, signature: Signature, knowledge: RowKnowledge, *, is_estimator: bool = False
) -> CallSize:
    """Choose how a model is called: the same way for the same model, however busy the machine is.

    A single row has another memory layout than two, so that sums over eight or more members, trees or classes round
    differently in a few rows of a hundred: too few for a probe to find. So a model that computes its rows together is
    never called with one row.

    A model that multiplies matrices is called with FIXED_ROWS, or with one row if it computes rows one by one anyway.
    Which kind a model is follows from its parts if they reveal it, otherwise from a fixed number of calls. A model that
    rejects every made-up row is called with one row.

    Args:
        is_estimator: whether it derives from scikit-learn's base class, and so computes its rows together.
    """
    if knowledge == "independent":
        return CallSize(least=2)
    if knowledge == "matrix" and is_estimator:
        return CallSize(fixed=FIXED_ROWS)
    try:
        probe = accepted_rows(model.raw, probe_batch(signature))
        if not is_estimator and grows_with_rows(model.compute, probe):
            return CallSize() if _is_invariant(model.raw, probe, FEW_BATCHES) else CallSize(fixed=1)
        is_invariant = knowledge == "unknown" and _is_invariant(model.raw, probe, BATCHES)
    except ForeseenError:
        return CallSize(fixed=1)
    return CallSize(least=2) if is_invariant else CallSize(fixed=FIXED_ROWS)


def next_size(size: CallSize) -> CallSize | None:
    """Return the size to try next if answers depend on the batch at this size: 32 rows, then 1, then None."""
    if size.fixed is None:
        return CallSize(fixed=FIXED_ROWS)
    return CallSize(fixed=1) if size.fixed > 1 else None


def accepted_rows(raw: Callable[[Batch], list[bytes]], probe: Batch) -> Batch:
    """Return the probe; if the model rejects some of its rows, the accepted ones, repeated to PROBE_ROWS rows.

    Raises:
        InvalidBatchError, PredictionError: the model accepts none of the rows.
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
