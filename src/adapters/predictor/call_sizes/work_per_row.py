"""How a model's work grows with the rows of a call, counted in calls of functions: no load changes that."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from foreseen.domain.garbage_collection import no_collections
from foreseen.domain.values.batch import Batch

FEW_ROWS, MANY_ROWS = 1, 8


def grows_with_rows(compute: Callable[[Batch], object], probe: Batch) -> bool:
    """Return whether a model goes through its rows one by one in Python, and does not compute them together.

    Counted are the functions that it calls, of Python and of C, for many rows and for few. What is slow row by row
    within one function of C counts as computed together.

    Raises:
        InvalidBatchError, PredictionError: as `compute`.
    """
    few, many = probe.take(range(FEW_ROWS)), probe.take(range(MANY_ROWS))
    compute(many)  # the first call pays for imports and whatever else is done once
    # What seven rows more cost is weighed against what is done once a call.
    return 2 * _calls(compute, many) > 3 * _calls(compute, few)


def _calls(compute: Callable[[Batch], object], batch: Batch) -> int:
    count = 0

    def on_event(_: FrameType, event: str, __: Any) -> None:
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
