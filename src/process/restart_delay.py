"""Restart delay: how long a worker or a model's process that has ended is not replaced."""

from typing import Final

STEADY_S: Final = 60.0
"""Seconds that a process has to serve before its end; one that ends sooner counts as a lasting fault."""

LONGEST_S: Final = 60.0
"""Longest delay in seconds, and so the longest wait once the cause is gone."""


def early_ends(before: int, served_s: float | None) -> int:
    """Return how many processes have ended early in a row, each the replacement of the one before.

    Args:
        before: how many had when the one that has ended now was started.
        served_s: seconds that it served; None if it never did.
    """
    return before + 1 if served_s is None or served_s < STEADY_S else 0


def pause_s(early: int) -> float:
    """Return the seconds until the next start: 0 after a process that served for `STEADY_S`, then 1, 2, 4 and so on."""
    return min(LONGEST_S, 2.0 ** min(early - 1, 10)) if early else 0.0
