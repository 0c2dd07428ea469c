"""Pace: how many rows of a chunk are answered at a time, so that a slow model leaves nothing waiting for long."""

import math
import time
from collections.abc import Callable
from typing import Final, Protocol

from foreseen.domain.counters import Tally
from foreseen.domain.model.call_size import CallSize
from foreseen.domain.model.model_info import ModelInfo

PIECE_S: Final = 1.0
"""Seconds of model time between points at which a run can stop, show its progress and keep its pieces."""

FIRST_ROWS: Final = 256
"""Rows of the first piece at most: those that the model was called with when it was loaded may have cost less."""


class Pacing(Protocol):
    """Divides chunks into pieces. What it decides changes no answer, and no byte that is written."""

    def end(self, start: int, count: int) -> int:
        """Return where the piece ends that begins with a row, of a chunk of so many."""

    def begin(self) -> Callable[[int], None]:
        """Begin a piece; what is returned is called with its number of rows when they are answered."""


class WholeChunks:
    """Leaves chunks as they are."""

    def end(self, start: int, count: int) -> int:  # noqa: ARG002
        """Return the end of the chunk."""
        return count

    def begin(self) -> Callable[[int], None]:
        """Measure nothing."""
        return lambda _: None


class Pace:
    """Pieces of about a second, as the pieces before them took.

    A piece ends where a call of the model may end, so that no call is made for fewer rows than it has room for.
    """

    def __init__(
        self, row_s: float, call_size: CallSize, tally: Tally, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Accept what a row cost when the model was loaded, in seconds, and where it is counted what the model does."""
        self._row_s = max(row_s, PIECE_S / FIRST_ROWS)
        self._calls = call_size.sizes
        self._tally = tally
        self._clock = clock

    @classmethod
    def of(cls, info: ModelInfo, tally: Tally) -> "Pace":
        """Return the pace of a model that has been called when it was loaded."""
        return cls(info.determinism.row_s, info.call_size, tally)

    def end(self, start: int, count: int) -> int:
        """Return the end of a piece; a rest that would be a short one is no piece of its own."""
        rows = PIECE_S / self._row_s
        if count - start <= 2 * rows:
            return count
        unit = max((size for size in self._calls if size <= rows), default=min(self._calls))
        return min(count, start + unit * max(1, math.floor(rows / unit)))

    def begin(self) -> Callable[[int], None]:
        """Begin a piece, and learn from it what a row costs."""
        began, model_s, model_rows = self._clock(), self._tally.model_seconds, self._tally.model_rows

        def learn(rows: int) -> None:
            row_s = (self._clock() - began) / rows
            computed = self._tally.model_rows - model_rows
            if computed:  # also beside it; without the time that it has waited for others
                row_s = min(row_s, (self._tally.model_seconds - model_s) / computed)
            self._row_s = max(row_s, PIECE_S / (1 << 30))

        return learn
