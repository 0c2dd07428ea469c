"""Break-even: up to how many rows an engine answers faster than the library, measured at load.

It may depend on measured times, since the bits of the answers are equal.
"""

import math
import time
from collections.abc import Callable
from typing import Final

Call = Callable[[int], object]
"""Predicts as many rows as it is given."""

SIZES: Final = (1, 8, 64, 512, 4096)
"""Rows of the measured calls; the measurement ends at the first size at which the library is faster."""

_ROUNDS: Final = 3
_ENOUGH_S: Final = 0.2
"""Seconds of calls after which no further ones are made."""

_CONFIRMED: Final = 24
_CONFIRMED_S: Final = 0.02
"""Rounds, and seconds of calls, before the library is found faster: beside other processes, three calls of the engine
may all take several times as long, and a model would lose it until the next load."""

_HALVINGS: Final = 3


def break_even(
    engine: Call, library: Call, *, largest: int = SIZES[-1], clock: Callable[[], float] = time.thread_time
) -> int:
    """Return the rows of the largest call that the engine answers faster; 0 if there is none.

    Args:
        engine, library: predict up to `SIZES[-1]` rows.
        largest: rows of the largest call that the library makes; it answers more rows by several calls. If the engine
            is faster for one, it is for several, which would take long to measure.
        clock: returns seconds; by default of the processor, on this thread, which other work cannot lengthen much.
    """
    won = 0
    for size in (*(size for size in SIZES if size < largest), min(largest, SIZES[-1])):
        if not _is_faster(engine, library, size, clock):
            return _between(won, size, lambda rows: _is_faster(engine, library, rows, clock))
        won = size
    return SIZES[-1]


def _between(won: int, lost: int, is_faster: Callable[[int], bool]) -> int:
    for _ in range(_HALVINGS if won else 0):
        middle = int(math.sqrt(won * lost))
        won, lost = (middle, lost) if is_faster(middle) else (won, middle)
    return won


def _is_faster(engine: Call, library: Call, rows: int, clock: Callable[[], float]) -> bool:
    """Compare the shortest times of alternating calls: other work on the machine can only lengthen them."""
    engine_s = library_s = math.inf
    spent_s, rounds = 0.0, 0
    while (rounds < _ROUNDS and spent_s < _ENOUGH_S) or (
        engine_s >= library_s and rounds < _CONFIRMED and spent_s < _CONFIRMED_S
    ):
        times = _seconds(engine, rows, clock), _seconds(library, rows, clock)
        engine_s, library_s = min(engine_s, times[0]), min(library_s, times[1])
        spent_s += sum(times)
        rounds += 1
    return engine_s < library_s


def _seconds(call: Call, rows: int, clock: Callable[[], float]) -> float:
    began = clock()
    call(rows)
    return clock() - began
