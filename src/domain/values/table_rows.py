"""What the domain needs of rows and columns that a reader holds in its own form."""

from collections.abc import Iterator, Sequence
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
"""Numbers of rows, from 0."""


class Cells(Protocol):
    """The cells of one column."""

    def take(self, rows: Positions, /) -> Self:
        """Return some of the cells, in this order."""


class TableRows(Protocol):
    """Some rows of a table, with all their columns."""

    @property
    def nbytes(self) -> int:
        """The memory that they need."""

    def take(self, rows: Positions, /) -> Self:
        """Return some of the rows, in this order."""


class TableColumn(Protocol):
    """The name of a column and its type, which is shown as text."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def type(self) -> object:
        """Its type."""


class TableSchema(Protocol):
    """The columns of a table."""

    @property
    def names(self) -> Sequence[str]:
        """Their names, in order."""

    def __iter__(self) -> Iterator[TableColumn]: ...
