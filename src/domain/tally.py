"""Tally: what was counted since the start; plain numbers, read when somebody asks, free otherwise.

They stand at fixed places of one row, so that the row may lie in memory that several processes share: each counts in a
row of its own, and whoever reads adds the rows up, place by place.
"""

import math
from collections.abc import Iterable
from threading import Lock
from typing import Final, Protocol, Self

from foreseen.domain.errors import Corruption, Outage

HITS_L1: Final = 0
HITS_L2: Final = 1
MISSES: Final = 2
COALESCED: Final = 3
MODEL_ROWS: Final = 4
MODEL_SECONDS: Final = 5
L2_GETS: Final = 6
L2_GET_SECONDS: Final = 7
L2_PUTS: Final = 8
L2_PUT_SECONDS: Final = 9
DROPPED: Final = 10

CORRUPTIONS: Final = tuple(Corruption)
CORRUPT: Final = 11
"""Where the first of these kinds of corruption stands."""

OUTAGES: Final = tuple(Outage)
OUTAGE: Final = CORRUPT + len(CORRUPTIONS)
"""Where the first of these kinds of outage stands."""

ROW_BOUNDS: Final = tuple(2**power for power in range(11))
"""What divides model calls by their rows: up to 1, up to 2, … up to 1024; beyond these comes one group more."""
MODEL_CALLS: Final = OUTAGE + len(OUTAGES)
"""Where the first of these groups stands."""

MAX_REASONS: Final = 32
"""How many reasons an entrypoint may number for which it rejects a request."""
REJECTED: Final = MODEL_CALLS + len(ROW_BOUNDS) + 1
"""Where the first of these reasons stands."""

SIZE: Final = REJECTED + MAX_REASONS
"""Numbers of a tally."""


class Numbers(Protocol):
    """A row of numbers: a list, or a view of shared memory."""

    def __getitem__(self, place: int, /) -> float: ...

    def __setitem__(self, place: int, number: float, /) -> None: ...

    def __len__(self) -> int: ...


class Tally:
    """Counts since the start, per instance unless the name says otherwise.

    The event loop alone writes to each place, but for what a model does: two compute while one replaces the other, each
    on a thread of its own, and these take turns.

    Attributes:
        counts: the numbers, by the places above. The hot path adds to them here: a method would cost more than it does.
    """

    __slots__ = ("_model_counts", "counts")

    def __init__(self, counts: Numbers | None = None) -> None:
        """Take a row to count on in, of SIZE numbers or more; without one, begin at zero."""
        self.counts: Final[Numbers] = [0.0] * SIZE if counts is None else counts
        self._model_counts = Lock()

    @classmethod
    def summed(cls, tallies: Iterable[Self]) -> Self:
        """Add up what several processes counted.

        In order, and rounded once: sums of numbers that only grow never shrink.
        """
        rows = [tally.counts for tally in tallies]
        return cls([math.fsum(row[place] for row in rows) for place in range(SIZE)])

    def count_answer(self, *, l1: int, l2: int, missed: int, coalesced: int) -> None:
        """Add the instances of one answer."""
        counts = self.counts
        counts[HITS_L1] += l1
        counts[HITS_L2] += l2
        counts[MISSES] += missed
        counts[COALESCED] += coalesced

    def count_model_call(self, *, rows: int, seconds: float) -> None:
        """Add one call of the model."""
        counts = self.counts
        with self._model_counts:
            counts[MODEL_CALLS + min((rows - 1).bit_length(), len(ROW_BOUNDS))] += 1
            counts[MODEL_ROWS] += rows
            counts[MODEL_SECONDS] += seconds

    def count_rejected(self, reason: int) -> None:
        """Add a request that was rejected, for a reason by the number that the entrypoint gives it."""
        if not 0 <= reason < MAX_REASONS:
            raise ValueError(f"expected a reason from 0 to {MAX_REASONS - 1}, got {reason}")
        self.counts[REJECTED + reason] += 1

    @property
    def hits_l1(self) -> int:
        """Hits in this process."""
        return int(self.counts[HITS_L1])

    @property
    def hits_l2(self) -> int:
        """Hits in the shared tier."""
        return int(self.counts[HITS_L2])

    @property
    def misses(self) -> int:
        """What no tier knew."""
        return int(self.counts[MISSES])

    @property
    def coalesced(self) -> int:
        """What waited for another request's computation."""
        return int(self.counts[COALESCED])

    @property
    def model_rows(self) -> int:
        """What the model computed."""
        return int(self.counts[MODEL_ROWS])

    @property
    def model_seconds(self) -> float:
        """Time spent in the model."""
        return self.counts[MODEL_SECONDS]

    @property
    def model_calls(self) -> int:
        """Calls of the model, of any number of rows."""
        return sum(self.model_calls_by_rows)

    @property
    def model_calls_by_rows(self) -> tuple[int, ...]:
        """Calls of the model up to each of ROW_BOUNDS and above the one before; last, those above all."""
        return tuple(int(self.counts[MODEL_CALLS + group]) for group in range(len(ROW_BOUNDS) + 1))

    @property
    def hit_ratio(self) -> float:
        """Hits over instances; 0 before the first."""
        hits = self.hits_l1 + self.hits_l2
        asked = hits + self.misses + self.coalesced
        return hits / asked if asked else 0.0
