"""Which large calls may replace a model's small ones, judged by what they cost: counted, not timed."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from foreseen.adapters.predictor.call_sizes.row_independence import is_estimator
from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.provenance.provenance import is_of_scikit_learn
from foreseen.domain.model.call_size import LARGE_ROWS
from foreseen.domain.values.signature import Signature

_CALL_BYTES: Final = 1 << 24
"""Maximum bytes of the rows of one call: beyond it a row gets no cheaper, and a run makes several calls at a time."""

_CALL_PRODUCTS: Final = 1 << 26
"""Maximum products of one call, some hundredths of a second: the last few rows of a file are padded to a whole call."""

_OWN_ROWS: Final = 1024
"""Maximum rows of a large call that gives other bits than small ones, because of the same padding."""

COMPARED_ROWS: Final = 16_384
_COMPARED_ROWS_OF_OWN_CODE: Final = 1024
"""Maximum made-up rows that are computed in small and in large calls; fewer for a model whose cost per row is unknown.

Source:
    docs/adr/0031-large-calls-for-files.md
"""

_COMPARED_PRODUCTS: Final = 1 << 30
_COMPARED_CALLS: Final = 1 << 14
"""Maximum products, and calls of estimators, of one comparison: about a second each."""


@dataclass(frozen=True, slots=True)
class LargeCallSizes:
    """The large calls to compare for a model.

    Attributes:
        sizes: their numbers of rows, ascending; empty if rows cost no more in small calls.
        compared_rows: how many rows are computed in small and in large calls.
    """

    sizes: tuple[int, ...]
    compared_rows: int

    @classmethod
    def of(cls, model: object, signature: Signature, *, small: int) -> "LargeCallSizes":
        """Count what a call costs: the bytes of its rows, the weights that multiply each, and the estimators called.

        Args:
            model: what each call runs: of a pipeline, the steps after those that run once for all rows.
            small: rows of a small call.
        """
        weights, estimators = _counted(model)
        compared = min(COMPARED_ROWS, _COMPARED_PRODUCTS // weights, small * (_COMPARED_CALLS // estimators))
        sizes: tuple[int, ...] = LARGE_ROWS
        if not is_of_scikit_learn(model):  # the cost of the user's own code per row is unknown
            sizes, compared = LARGE_ROWS[:1], min(compared, _COMPARED_ROWS_OF_OWN_CODE)
        row_bytes = signature.size * np.dtype(np.float64).itemsize
        most = min(_CALL_BYTES // row_bytes, _CALL_PRODUCTS // weights, compared // 2)
        sizes = tuple(rows for rows in sizes if small < rows <= most)
        return cls(sizes, compared // sizes[-1] * sizes[-1] if sizes else 0)

    @property
    def own(self) -> int | None:
        """The largest size of calls that may give other bits than small ones; None if there is none."""
        return max((rows for rows in self.sizes if rows <= _OWN_ROWS), default=None)


def _counted(model: object) -> tuple[int, int]:
    """Return how many weights and how many estimators a model has, at least one of each."""
    weights = estimators = 0
    for part in parts(model):
        if isinstance(part, np.ndarray) and part.dtype.kind == "f":
            weights += part.size
        estimators += is_estimator(part)
    return max(1, weights), max(1, estimators)
