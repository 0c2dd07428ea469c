"""FailedStarts: processes of a model that could not load it, one after the other, and how long the next one waits."""

import logging
from collections.abc import Callable

from foreseen.domain.restart_delay import early_ends, pause_s

log = logging.getLogger(__name__)


class FailedStarts:
    """Counts starts that failed since one that did not; each of them has a line in the log.

    Attributes:
        number: how many.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Accept a clock in seconds, from whenever."""
        self.number = 0
        self._clock = clock
        self._due_s = 0.0

    @property
    def left_s(self) -> float:
        """Seconds until the next start is due; 0 where it is."""
        return max(0.0, self._due_s - self._clock()) if self.number else 0.0

    def count(self, reason: str) -> None:
        """Add one that failed just now."""
        self.number = early_ends(self.number, None)
        pause = pause_s(self.number)
        self._due_s = self._clock() + pause
        log.error("the model's process could not start: %s; another one does not start for %g s", reason, pause)

    def forget(self) -> None:
        """Begin to count again: the model is loaded."""
        if self.number:
            log.info("the model's process has started again")
        self.number = 0
