"""PreparedRows: a batch after the first steps of a pipeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """A matrix, dense or sparse by rows, or a frame."""

    values: "npt.NDArray[np.generic] | csr_matrix | pd.DataFrame"

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def take(self, rows: Sequence[int] | npt.NDArray[np.intp]) -> "PreparedRows":
        """Return the rows with these indices, in the same memory layout."""
        index = np.asarray(rows, dtype=np.intp)
        if hasattr(self.values, "iloc"):
            return PreparedRows(self.values.iloc[index])
        if _is_by_columns(self.values):  # a matrix by rows may be multiplied in another way
            return PreparedRows(self.values.T.take(index, axis=1).T)
        return PreparedRows(self.values[index])


def prepared_rows(values: object) -> PreparedRows | None:
    """Return a transformer's result as rows; None if rows cannot be taken from it."""
    is_matrix = isinstance(values, np.ndarray) and values.ndim == 2
    is_sparse = getattr(values, "format", None) == "csr"
    return PreparedRows(values) if is_matrix or is_sparse or hasattr(values, "iloc") else None


def _is_by_columns(values: object) -> bool:
    return isinstance(values, np.ndarray) and values.flags.f_contiguous and not values.flags.c_contiguous
