"""Restarts: how long the place of a process that has ended stays empty, be it a worker or a model's own."""

from typing import Final

STEADY_S: Final = 60.0
"""Seconds that a worker has to serve for its end to be no sign of something lasting."""

LONGEST_S: Final = 60.0
"""Seconds between two starts at most: once the cause is gone, no service waits longer."""


def early_ends(before: int, served_s: float | None) -> int:
    """Return how many workers of a place have ended early, one after the other.

    Args:
        before: how many had, when the one that has ended now was started.
        served_s: seconds that it served; None if it never did.
    """
    return before + 1 if served_s is None or served_s < STEADY_S else 0


def pause_s(early: int) -> float:
    """Return the seconds until the next start: none after a steady worker, then 1, 2, 4 and so on."""
    return min(LONGEST_S, 2.0 ** min(early - 1, 10)) if early else 0.0
