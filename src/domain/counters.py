"""Tally: the counts since the start, as plain numbers, which cost nothing until they are read.

They have fixed places in one row, which may be in memory that several processes share: each process counts in a row of
its own, and a reader sums the rows place by place.
"""

import math
from bisect import bisect_left
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
"""Place of the first kind of corruption."""

OUTAGES: Final = tuple(Outage)
OUTAGE: Final = CORRUPT + len(CORRUPTIONS)
"""Place of the first kind of outage."""

ROW_BOUNDS: Final = tuple(2**power for power in range(11))
"""Upper bounds of model calls by their rows: 1, 2, … 1024; one more group is above these."""
MODEL_CALLS: Final = OUTAGE + len(OUTAGES)
"""Place of the first group of model calls."""

MAX_REASONS: Final = 40
"""Maximum number of rejection reasons that an entrypoint may number."""
REJECTED: Final = MODEL_CALLS + len(ROW_BOUNDS) + 1
"""Place of the first reason."""

TIERS: Final = ("L1", "L2", "coalesced", "model")
"""Where an answer came from, the slowest of its instances: each has a histogram of how long such answers took."""

DURATION_BOUNDS_NS: Final = (
    *(5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000),
    *(1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000, 500_000_000),
    *(1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000),
)
"""Upper bounds of answers by their duration: 5 µs, 10, 25, 50 … 10 s; one more group is above these."""

DURATIONS: Final = REJECTED + MAX_REASONS
"""Place of the first group of the first tier; the groups of each tier are followed by their total seconds."""
DURATIONS_OF_TIER: Final = len(DURATION_BOUNDS_NS) + 2
_L1_SECONDS: Final = DURATIONS + DURATIONS_OF_TIER - 1

SAVED: Final = DURATIONS + len(TIERS) * DURATIONS_OF_TIER
"""Place of the model seconds saved by L1; those saved by L2 and by coalescing follow."""

MAX_ROUTES: Final = 48
MAX_STATUSES: Final = 32
"""How many routes and statuses an entrypoint may number."""
REQUESTS: Final = SAVED + len(TIERS) - 1
"""Place of the requests to the first route with the first status."""

LINES_DROPPED: Final = REQUESTS + MAX_ROUTES * MAX_STATUSES

CALLS_ON_LOOP: Final = LINES_DROPPED + 1

ENGINES_OFF: Final = CALLS_ON_LOOP + 1

SIZE: Final = ENGINES_OFF + 1
"""Numbers of a tally."""


class Numbers(Protocol):
    """A row of numbers: a list, or a view of shared memory."""

    def __getitem__(self, place: int, /) -> float: ...

    def __setitem__(self, place: int, number: float, /) -> None: ...

    def __len__(self) -> int: ...


class Tally:
    """Counts since the start, per instance unless the name says otherwise.

    Only the event loop writes to each place, except for counts of model calls: during a reload two models compute,
    each on a thread of its own, and these take turns.

    Attributes:
        counts: the numbers, by the places above.
    """

    __slots__ = ("_model_counts", "counts")

    def __init__(self, counts: Numbers | None = None) -> None:
        """Accept a row of SIZE numbers or more, whose counts continue; without one, begin at zero."""
        self.counts: Final[Numbers] = [0.0] * SIZE if counts is None else counts
        self._model_counts = Lock()

    @classmethod
    def summed(cls, tallies: Iterable[Self]) -> Self:
        """Add up what several processes counted.

        Rounded once, so that sums of numbers that only grow never shrink.
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

    def count_saved(self, *, l1: float = 0.0, l2: float = 0.0, coalesced: float = 0.0) -> None:
        """Add seconds of the model that the instances of one answer did not cost again."""
        counts = self.counts
        counts[SAVED] += l1
        counts[SAVED + 1] += l2
        counts[SAVED + 2] += coalesced

    def count_l1_hit(self, instances: int, cost_us: int, duration_ns: int) -> None:
        """Count an answer that came from L1 entirely: the model time that it saved, and how long it took.

        One call counts everything about a hit, since counting costs a third of it.
        """
        counts = self.counts
        counts[HITS_L1] += instances
        counts[SAVED] += cost_us * 1e-6
        counts[_L1_SECONDS] += duration_ns * 1e-9
        counts[DURATIONS + bisect_left(DURATION_BOUNDS_NS, duration_ns)] += 1

    def count_duration(self, tier: int, duration_ns: int) -> None:
        """Add an answer by the number of its tier in TIERS."""
        first = DURATIONS + tier * DURATIONS_OF_TIER
        self.counts[first + bisect_left(DURATION_BOUNDS_NS, duration_ns)] += 1
        self.counts[first + DURATIONS_OF_TIER - 1] += duration_ns * 1e-9

    def durations(self, tier: int) -> tuple[list[int], float]:
        """Return the number of answers of a tier up to each bound and above all, and their total seconds."""
        first = DURATIONS + tier * DURATIONS_OF_TIER
        groups = [int(self.counts[first + group]) for group in range(DURATIONS_OF_TIER - 1)]
        return groups, self.counts[first + DURATIONS_OF_TIER - 1]

    def count_request(self, route: int, status: int) -> None:
        """Add a request by the numbers of its route and its status; raise ValueError if one is too large."""
        if not (0 <= route < MAX_ROUTES and 0 <= status < MAX_STATUSES):
            raise ValueError(f"expected a route below {MAX_ROUTES} and a status below {MAX_STATUSES}")
        self.counts[REQUESTS + route * MAX_STATUSES + status] += 1

    def count_model_call(self, *, rows: int, seconds: float) -> None:
        """Add one call of the model."""
        counts = self.counts
        with self._model_counts:
            counts[MODEL_CALLS + min((rows - 1).bit_length(), len(ROW_BOUNDS))] += 1
            counts[MODEL_ROWS] += rows
            counts[MODEL_SECONDS] += seconds

    def count_call_on_loop(self) -> None:
        """Add one call of the model on the event loop, which `count_model_call` counts as well."""
        self.counts[CALLS_ON_LOOP] += 1

    def count_rejected(self, reason: int) -> None:
        """Add a rejected request by the number of its reason; raise ValueError if that is out of range."""
        if not 0 <= reason < MAX_REASONS:
            raise ValueError(f"expected a reason from 0 to {MAX_REASONS - 1}, got {reason}")
        self.counts[REJECTED + reason] += 1

    @property
    def hits_l1(self) -> int:
        """Hits in L1."""
        return int(self.counts[HITS_L1])

    @property
    def hits_l2(self) -> int:
        """Hits in L2."""
        return int(self.counts[HITS_L2])

    @property
    def misses(self) -> int:
        """Instances found in no tier."""
        return int(self.counts[MISSES])

    @property
    def coalesced(self) -> int:
        """Instances that waited for another request's computation."""
        return int(self.counts[COALESCED])

    @property
    def model_rows(self) -> int:
        """Instances that the model computed."""
        return int(self.counts[MODEL_ROWS])

    @property
    def model_seconds(self) -> float:
        """Time spent in the model."""
        return self.counts[MODEL_SECONDS]

    @property
    def model_calls(self) -> int:
        """Model calls."""
        return sum(self.model_calls_by_rows)

    @property
    def model_calls_by_rows(self) -> tuple[int, ...]:
        """Model calls between each two of ROW_BOUNDS; last, those above all."""
        return tuple(int(self.counts[MODEL_CALLS + group]) for group in range(len(ROW_BOUNDS) + 1))

    @property
    def hit_ratio(self) -> float:
        """Hits over instances; 0 before the first."""
        hits = self.hits_l1 + self.hits_l2
        instances = hits + self.misses + self.coalesced
        return hits / instances if instances else 0.0
