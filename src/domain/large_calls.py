"""LargeCalls: whether a model that is called with few rows at a time gives the same bits in large calls."""

from threading import Lock
from typing import Final, Protocol

from foreseen.domain.batch import Batch

LARGE_ROWS: Final = 1024
"""Rows of a large call: what a call costs beside its rows is a small part then."""

COMPARED_ROWS: Final = 8 * LARGE_ROWS
"""Rows that are computed both ways before large calls stand in for small ones.

Source:
    docs/adr/0027-how-a-model-is-called.md
"""


class RawModel(Protocol):
    """A model that shows the bits which it computed."""

    def raw(self, batch: Batch) -> list[bytes]:
        """Return each row's answer as bits, decision values too; raise InvalidBatchError or PredictionError."""


class LargeCalls:
    """Compares small calls with large ones on the first rows of a file, bit by bit; one difference decides for good.

    Counted in rows, so that every run over the same rows decides alike. Several threads may use it at once.
    """

    def __init__(self, model: RawModel, rows: int) -> None:
        """Take the number of rows of a small call."""
        self._model = model
        self._rows = rows
        self._lock = Lock()
        self._compared = 0
        self._differ = False

    @property
    def is_open(self) -> bool:
        """Whether rows have to be compared still."""
        return not self._differ and self._compared < COMPARED_ROWS

    @property
    def are_equal(self) -> bool:
        """Whether enough rows had the same bits both ways, and none had others."""
        return not self._differ and self._compared >= COMPARED_ROWS

    def compare(self, block: Batch) -> None:
        """Compute LARGE_ROWS rows both ways; raise as the model."""
        large = self._model.raw(block)
        starts = range(0, len(block), self._rows)
        small = [bits for start in starts for bits in self._model.raw(block.take(range(start, start + self._rows)))]
        with self._lock:
            self._compared += len(block)
            self._differ |= large != small
