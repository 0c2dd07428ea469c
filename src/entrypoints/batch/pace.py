"""Pace: how many rows of a chunk are answered at a time, so that a run with a slow model can stop soon."""

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
"""Most rows of the first piece: the rows with which the model was tried when it was loaded may have cost less."""


class Pacing(Protocol):
    """Divides chunks into pieces. The division changes no answer, and no byte that is written."""

    def end(self, start: int, count: int) -> int:
        """Return the end (exclusive) of the piece that begins at row `start` of a chunk of `count` rows."""

    def begin(self) -> Callable[[int], None]:
        """Begin a piece, and return a function to call with its number of rows once they are answered."""


class WholeChunks:
    """Answers each chunk in one piece."""

    def end(self, start: int, count: int) -> int:  # noqa: ARG002
        """Return the end of the chunk."""
        return count

    def begin(self) -> Callable[[int], None]:
        """Return a function that measures nothing."""
        return lambda _: None


class Pace:
    """Divides chunks into pieces of about a second, judged by how long the previous pieces took.

    A piece is a multiple of the rows of a model call, so that no call is made for fewer rows than it has room for.
    """

    def __init__(
        self, row_s: float, call_size: CallSize, tally: Tally, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """Accept the cost of a row when the model was loaded, in seconds, and the tally of the model's calls."""
        self._row_s = max(row_s, PIECE_S / FIRST_ROWS)
        self._calls = call_size.sizes
        self._tally = tally
        self._clock = clock

    @classmethod
    def of(cls, info: ModelInfo, tally: Tally) -> "Pace":
        """Return the pace of a model, beginning with the cost of a row that was measured when it was loaded."""
        return cls(info.determinism.row_s, info.call_size, tally)

    def end(self, start: int, count: int) -> int:
        """Return the end of a piece, which includes a short rest of the chunk."""
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
            if computed:  # counts concurrent pieces too, but not the time in which this one waited for them
                row_s = min(row_s, (self._tally.model_seconds - model_s) / computed)
            self._row_s = max(row_s, PIECE_S / (1 << 30))

        return learn
