"""How a model's work grows with the rows of a call, counted in function calls, which do not depend on the load."""

import sys
from collections.abc import Callable
from types import FrameType

from foreseen.domain.values.batch import Batch
from foreseen.process.garbage_collection import no_collections

FEW_ROWS, MANY_ROWS = 1, 8


def grows_with_rows(compute: Callable[[Batch], object], probe: Batch) -> bool:
    """Return whether a model computes its rows one by one in Python instead of together.

    The calls of Python and C functions are counted for many rows and for few. A loop over rows within one C function
    counts as computing them together.

    Raises:
        InvalidBatchError, PredictionError: raised by `compute`.
    """
    few, many = probe.take(range(FEW_ROWS)), probe.take(range(MANY_ROWS))
    compute(many)  # imports and whatever else the first call does once are not counted
    # The seven additional rows must add more than half of what a call with one row costs.
    return 2 * _calls(compute, many) > 3 * _calls(compute, few)


def _calls(compute: Callable[[Batch], object], batch: Batch) -> int:
    count = 0

    def on_event(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    with no_collections():
        sys.setprofile(on_event)
        try:
            compute(batch)
        finally:
            sys.setprofile(before)
    return count
