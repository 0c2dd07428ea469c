"""Large calls: which numbers of rows give a model's answers the same bits as small calls."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Protocol

from foreseen.domain.model.fixed_batch_size import Rows
from foreseen.domain.values.batch import Batch


class RawModel(Protocol[Rows]):
    """A model that shows the bits which it computed."""

    def prepared(self, batch: Batch) -> Rows:
        """Return rows after the steps that compute each by itself; raise InvalidBatchError or PredictionError."""

    def raw(self, rows: Rows | Batch) -> list[bytes]:
        """Return each row's answer as bits, with decision values; raise as `prepared`."""


def largest_equal_call(model: RawModel[Rows], probe: Batch, *, small: int, larger: Sequence[int]) -> int:
    """Return the largest number of rows up to which every call gives each row the bits of a call of `small` rows.

    Bits are compared, so that no load changes the result. A single row of other bits rules a size out.

    Args:
        larger: numbers of rows, ascending; each divides the next, and the last divides the probe's.
    Returns:
        One of `larger`, or `small`.
    Raises:
        InvalidBatchError, PredictionError: raised by the model.
    """
    equal = list(larger)
    for start in range(0, len(probe), larger[-1]):
        rows = model.prepared(probe.take(range(start, start + larger[-1])))
        equal = _equal(model, rows, small, equal)
        if not equal:
            break
    return max([small, *equal])


def _equal(model: RawModel[Rows], rows: Rows, small: int, sizes: Sequence[int]) -> list[int]:
    expected = _bits(model, rows, small)
    return list(takewhile(lambda size: _bits(model, rows, size) == expected, sizes))


def _bits(model: RawModel[Rows], rows: Rows, size: int) -> list[bytes]:
    starts = range(0, len(rows), size)
    return [bits for start in starts for bits in model.raw(rows.take(range(start, start + size)))]
