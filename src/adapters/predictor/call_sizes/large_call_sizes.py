"""Which large calls may take the place of small ones for a model: by what its calls cost, counted and not timed."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from foreseen.adapters.predictor.call_sizes.row_independence import is_estimator
from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.provenance.provenance import is_of_scikit_learn
from foreseen.domain.model.call_size import LARGE_ROWS
from foreseen.domain.values.signature import Signature

_CALL_BYTES: Final = 1 << 24
"""What the rows of one call may take: more of them are no cheaper each, and a run makes several calls at a time."""

_CALL_PRODUCTS: Final = 1 << 26
"""Products of one call, some hundredths of a second: it is filled up for the few rows that a file may end with."""

_OWN_ROWS: Final = 1024
"""Rows of a call of a size of its own, at most, for the same reason."""

_COMPARED_ROWS: Final = 16_384
_COMPARED_ROWS_OF_OWN_CODE: Final = 1024
"""Made-up rows that are computed both ways, at most; fewer of a model of which nothing says what a row costs.

Source:
    docs/adr/0031-large-calls-for-files.md
"""

_COMPARED_PRODUCTS: Final = 1 << 30
_COMPARED_CALLS: Final = 1 << 14
"""Products, and calls of estimators with few rows, that a comparison may cost: about a second each."""


@dataclass(frozen=True, slots=True)
class LargeCallSizes:
    """The large calls that come into question for a model.

    Attributes:
        sizes: their numbers of rows, fewest first; none where small calls cost no more each row.
        compared_rows: how many rows are to be computed both ways.
    """

    sizes: tuple[int, ...]
    compared_rows: int

    @classmethod
    def of(cls, model: Any, signature: Signature, *, small: int) -> "LargeCallSizes":
        """Count what a call costs: the bytes of its rows, the weights that multiply each, and the estimators called.

        Args:
            model: what is called again for each call: of a pipeline, the steps after those that are called once.
            small: rows of a small call.
        """
        weights, estimators = _counted(model)
        compared = min(_COMPARED_ROWS, _COMPARED_PRODUCTS // weights, small * (_COMPARED_CALLS // estimators))
        sizes: tuple[int, ...] = LARGE_ROWS
        if not is_of_scikit_learn(model):  # code of the user's own may do anything else with a row
            sizes, compared = LARGE_ROWS[:1], min(compared, _COMPARED_ROWS_OF_OWN_CODE)
        row_bytes = signature.size * np.dtype(np.float64).itemsize
        most = min(_CALL_BYTES // row_bytes, _CALL_PRODUCTS // weights, compared // 2)
        sizes = tuple(rows for rows in sizes if small < rows <= most)
        return cls(sizes, compared // sizes[-1] * sizes[-1] if sizes else 0)

    @property
    def own(self) -> int | None:
        """The size of calls that share no bits with small ones; None where there are no large ones."""
        return max((rows for rows in self.sizes if rows <= _OWN_ROWS), default=None)


def _counted(model: Any) -> tuple[int, int]:
    """Return how many weights a model has and how many estimators it is made of, one of each at least."""
    weights = estimators = 0
    for part in parts(model):
        if isinstance(part, np.ndarray) and part.dtype.kind == "f":
            weights += part.size
        estimators += is_estimator(part)
    return max(1, weights), max(1, estimators)
