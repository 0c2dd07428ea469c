"""FailedStarts: how many processes in a row could not load their model, and when the next one may start."""

import logging
from collections.abc import Callable

from foreseen.process.restart_delay import early_ends, pause_s

log = logging.getLogger(__name__)


class FailedStarts:
    """Counts the starts that failed since the last success, and logs each.

    Attributes:
        number: how many.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Accept a monotonic clock in seconds."""
        self.number = 0
        self._clock = clock
        self._due_s = 0.0

    @property
    def left_s(self) -> float:
        """Seconds until the next start is due; 0 if it is."""
        return max(0.0, self._due_s - self._clock()) if self.number else 0.0

    def count(self, reason: str) -> None:
        """Count a start that has just failed, and log the reason."""
        self.number = early_ends(self.number, None)
        pause = pause_s(self.number)
        self._due_s = self._clock() + pause
        log.error("the model's process could not start: %s; the next attempt is made in %g s", reason, pause)

    def forget(self) -> None:
        """Reset the count: the model is loaded."""
        if self.number:
            log.info("the model's process has started again")
        self.number = 0
