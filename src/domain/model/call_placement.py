"""CallPlacement: whether a model's call runs on the event loop's thread or in the model's process.

It may depend on measured times, since no answer and no key depends on it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

SIZES: Final = (1, 2, 4, 8, 16, 32, 64)
"""Maximum rows of the calls that share one measured cost; larger calls run in the model's process."""

CHEAP_S: Final = 200e-6
"""Longest call that may start on the event loop, measured in consecutive calls: as long as ten hits hold the loop."""

COSTLY_S: Final = 1e-3
"""Mean at which calls leave the event loop. Between requests, a call finds less in the processor's caches than in
consecutive calls: beside eight busy processes, one of 150 µs took 230 to 370, and 1,100 to 4,500 in the process."""

SLOW_S: Final = 5e-3
"""After a single call of more processor time, every next call runs in the model's process."""
STUCK_S: Final = 0.5
"""As `SLOW_S`, by the clock: beside busy processes, a call of 0.1 ms sometimes takes a tenth of a second of it."""

FIRST_PAUSE: Final = 64
LONGEST_PAUSE: Final = 65_536
"""Calls in the model's process before one is tried on the event loop again; doubled each time that it leaves."""

CALLS: Final = 8
"""Calls that are judged together: the first after a pause take three times as long. They leave as soon as their sum is
that of so many costly ones. From then on, each call has a weight of 1/8 in the mean."""

_LARGEST: Final = 4 * COSTLY_S
"""Maximum seconds that one call adds to a mean: after two consecutive calls that cost more, the next ones leave."""


@dataclass(slots=True)
class PlacedCost:
    """What a call of some size costs in either place, in seconds, and where the next one runs.

    Attributes:
        here_s: on the event loop.
        there_s: in the model's process, including sending it there and back.
        away: calls that still run there before the next is tried here.
    """

    here_s: float
    there_s: float
    away: float = 0
    _pause: int = FIRST_PAUSE
    _stayed: int = CALLS

    def __post_init__(self) -> None:
        if self.here_s > CHEAP_S:
            self.away = math.inf  # to try one would hold all hits
        elif self.here_s > self.there_s:
            self.leave()

    def leave(self) -> None:
        """Let the next calls run in the model's process; the next time, twice as many."""
        self.away = max(self.away, self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._stayed = 0

    def count_here(self, seconds: float) -> None:
        """Add a call on the event loop."""
        self._stayed += 1
        counted = min(self._stayed, CALLS)
        self.here_s += (min(seconds, _LARGEST) - self.here_s) / counted
        if counted * self.here_s >= CALLS * min(COSTLY_S, self.there_s):
            self.leave()
        elif self._stayed >= 2 * self._pause:
            self._pause = FIRST_PAUSE

    def count_there(self, seconds: float) -> None:
        """Add a call in the model's process."""
        self.there_s += (seconds - self.there_s) / CALLS


class CallPlacement:
    """Decides for each call, by what calls of its size cost in either place."""

    def __init__(self, has_crashed: Callable[[], bool] = lambda: False) -> None:
        """Accept what tells whether the model has ever ended its process; if so, all calls run in its process."""
        self._has_crashed = has_crashed
        self._costs: list[PlacedCost] = []

    def open(self, costs: Sequence[tuple[float, float]]) -> None:
        """Decide from now on by the costs of a call of each of `SIZES`, here and there, in seconds."""
        self._costs = [PlacedCost(*each) for each in costs]

    def close(self) -> None:
        """Let all calls run in the model's process from now on."""
        self._costs = []

    def is_next_here(self, rows: int) -> bool:
        """Decide where the next call, of `rows` rows, runs; counts the call."""
        if not self._costs or rows > SIZES[-1] or self._has_crashed():
            return False
        cost = self._cost(rows)
        if cost.away:
            cost.away -= 1
            return False
        return True

    def count_here(self, rows: int, *, cpu_s: float, seconds: float) -> bool:
        """Add a call on the event loop, by its processor time and by the clock; return whether it was too slow.

        If it was, calls of every size leave at once: what made one slow may slow all.
        """
        if not self._costs:
            return False
        if cpu_s > SLOW_S or seconds > STUCK_S:
            for cost in self._costs:
                cost.leave()
            return True
        self._cost(rows).count_here(cpu_s)
        return False

    def count_there(self, rows: int, seconds: float) -> None:
        """Add a call in the model's process, by the clock, including sending it there and back."""
        if self._costs and rows <= SIZES[-1]:
            self._cost(rows).count_there(seconds)

    def __str__(self) -> str:
        """Return in words where calls of one row run, and why."""
        if not self._costs:
            return "in a process of its own"
        cost = self._costs[0]
        here, there = f"{cost.here_s * 1e6:.0f} µs", f"{cost.there_s * 1e6:.0f} µs"
        if cost.away or self._has_crashed():
            return f"in a process of its own: a call takes {there}, and {here} on the event loop"
        return f"on the event loop: a call takes {here}, and {there} by a process of its own"

    def _cost(self, rows: int) -> PlacedCost:
        return self._costs[(rows - 1).bit_length()]
