"""An encoding of instances that is coarser than their values, as one by the thresholds of trees would be."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from foreseen.domain.identity.instance_encoding import InstanceEncoder
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Signature


@dataclass(frozen=True, slots=True)
class Cells:
    """Encodes the cells of a grid, `width` wide in every feature: exact for models that do not look closer."""

    width: float

    def canonical(self) -> bytes:
        """Return the width of a cell."""
        return struct.pack("<d", self.width)

    def encoder(self, signature: Signature) -> InstanceEncoder:
        """Build an encoder of numbers."""
        return CellEncoder(self.width)


class CellEncoder:
    """Numbers the cells."""

    has_one_size = True

    def __init__(self, width: float) -> None:
        self._width = width

    def one(self, values: Sequence[object], /) -> bytes:
        """Return the cell of an instance."""
        return self._cells(np.array([values], dtype=np.float64))[0]

    def many(self, batch: Batch, /) -> list[bytes]:
        """Return the cell of each instance."""
        return self._cells(np.stack([column.astype(np.float64) for column in batch.columns], axis=1))

    def _cells(self, rows: npt.NDArray[np.float64]) -> list[bytes]:
        return [row.tobytes() for row in np.floor(rows / self._width).astype("<i8")]
