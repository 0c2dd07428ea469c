"""PreparedRows: what the first steps of a pipeline have made of a batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """A matrix, dense or sparse by rows, or a frame."""

    values: Any

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def take(self, rows: Sequence[int] | npt.NDArray[np.intp]) -> "PreparedRows":
        """Return the rows with these numbers, laid out in memory as all of them are."""
        index = np.asarray(rows, dtype=np.intp)
        if hasattr(self.values, "iloc"):
            return PreparedRows(self.values.iloc[index])
        if _is_by_columns(self.values):  # a matrix by rows may be multiplied otherwise
            return PreparedRows(self.values.T.take(index, axis=1).T)
        return PreparedRows(self.values[index])


def prepared_rows(values: Any) -> PreparedRows | None:
    """Return what a transformer answered as rows that can be taken from; None for what has none."""
    is_matrix = isinstance(values, np.ndarray) and values.ndim == 2
    is_sparse = getattr(values, "format", None) == "csr"
    return PreparedRows(values) if is_matrix or is_sparse or hasattr(values, "iloc") else None


def _is_by_columns(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.flags.f_contiguous and not values.flags.c_contiguous
