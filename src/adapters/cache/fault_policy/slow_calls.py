"""What a circuit decides by: how many calls exceeded their budget recently, and how long to wait before a probe."""

import random
from collections import deque
from collections.abc import Callable
from typing import Final

SLICES: Final = 10
"""Time slices in the window; a slice in which no call ended does not count."""

BAD_SLICES: Final = 3
"""Bad slices that open the circuit: a single one may be our own busy process, or a long command of another client."""

BAD_SHARE: Final = 1 / 3
"""Share of slow calls at which a slice is bad."""

JITTER: Final = 0.2
"""Share by which a wait may be shorter, so that processes do not probe at the same time."""

LONGEST_FOR_OPERATORS: Final = 6
"""Factor of the longest wait if an operator has to change a configuration first: 30 s."""


class SlowCalls:
    """Decides from recent calls whether a tier is too slow.

    It counts bad time slices, since neither calls nor time alone suffice: a hundred concurrent calls that wait for the
    same stall all overrun at once, and with one dead connection of four, three fast calls come between two slow ones.
    If calls are rare, each has a slice to itself.
    """

    def __init__(self, slice_s: float) -> None:
        """Accept the length of a slice in seconds, about that of a slow call."""
        self._slice_s = slice_s
        self.clear()

    def clear(self) -> None:
        """Forget every call."""
        self._ends_at = float("-inf")
        self._slices: deque[list[int]] = deque(maxlen=SLICES)

    def count(self, now: float, *, is_slow: bool) -> bool:
        """Record a call that ended at `now`, in seconds of any monotonic clock; return whether too many were slow."""
        if now >= self._ends_at:
            self._ends_at = now + self._slice_s
            self._slices.append([0, 0])
        self._slices[-1][is_slow] += 1
        return is_slow and sum(slow >= max(1, BAD_SHARE * (fast + slow)) for fast, slow in self._slices) >= BAD_SLICES


class ProbeWaits:
    """Seconds that a disabled tier is left alone before each probe, doubled each time up to a cap.

    A tier that passes a probe and fails soon after resumes at its last wait, so that it does not flap.
    """

    def __init__(
        self, first_s: float, longest_s: float, *, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        """Accept the first and the longest wait, seconds."""
        self._first_s = first_s
        self._longest_s = max(first_s, longest_s)
        self._uniform = uniform
        self._next_s = first_s
        self._back_at = float("-inf")
        self._waited_s = 0.0

    def begin(self, now: float) -> None:
        """Record that the tier is disabled; if it was enabled for less than the last wait, it had not recovered."""
        if now - self._back_at > self._waited_s:
            self._next_s = self._first_s

    def end(self, now: float) -> None:
        """Record that it is enabled again."""
        self._back_at = now

    def next_s(self, *, needs_operator: bool = False) -> float:
        """Return the seconds until the next probe; if an operator has to act, waits may grow longer."""
        self._waited_s = self._next_s * self._uniform(1 - JITTER, 1)
        longest_s = LONGEST_FOR_OPERATORS * self._longest_s if needs_operator else self._longest_s
        self._next_s = min(2 * self._next_s, longest_s)
        return self._waited_s
