"""What the breaker of a shared tier decides by: how many calls overran lately, and how long to wait before a probe."""

import random
from collections import deque
from collections.abc import Callable
from typing import Final

SLICES: Final = 10
"""Slices of time that are looked at; one in which no call ended is none."""

BAD_SLICES: Final = 3
"""How many of them it takes: one may be our own busy process, or one long command of somebody else's."""

BAD_SHARE: Final = 1 / 3
"""The share of slow calls from which a slice is bad."""

JITTER: Final = 0.2
"""The share by which a wait may be shorter, lest all processes probe at once."""

LONGEST_FOR_OPERATORS: Final = 6
"""How many times longer the longest wait is where somebody has to change a configuration first: 30 s."""


class SlowCalls:
    """Tells from the calls that ended lately whether a tier is too slow.

    By slices of time, since neither calls nor time alone will do: of a hundred calls under way together that wait for
    one and the same stall all overrun at once, and where one of four connections is dead three fast calls stand between
    two slow ones. Where calls are rare, each has a slice to itself.
    """

    def __init__(self, slice_s: float) -> None:
        """Take the seconds of a slice, which are about those that a slow call takes."""
        self._slice_s = slice_s
        self.clear()

    def clear(self) -> None:
        """Forget every call."""
        self._ends_at = float("-inf")
        self._slices: deque[list[int]] = deque(maxlen=SLICES)

    def count(self, now: float, *, is_slow: bool) -> bool:
        """Take a call that ends now, in seconds of any clock; tell whether with it too many were slow."""
        if now >= self._ends_at:
            self._ends_at = now + self._slice_s
            self._slices.append([0, 0])
        self._slices[-1][is_slow] += 1
        return is_slow and sum(slow >= max(1, BAD_SHARE * (fast + slow)) for fast, slow in self._slices) >= BAD_SLICES


class ProbeWaits:
    """How long a tier that is disabled is left alone before each probe: twice as long each time, up to a cap.

    One that passes its probe and fails soon after goes on where it left off, so that it does not come and go.
    """

    def __init__(
        self, first_s: float, longest_s: float, *, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        """Take the seconds of the first wait and of the longest."""
        self._first_s = first_s
        self._longest_s = max(first_s, longest_s)
        self._uniform = uniform
        self._next_s = first_s
        self._back_at = float("-inf")
        self._waited_s = 0.0

    def begin(self, now: float) -> None:
        """Record that the tier is disabled; one that was in use for less than it was waited for had not recovered."""
        if now - self._back_at > self._waited_s:
            self._next_s = self._first_s

    def end(self, now: float) -> None:
        """Record that it is enabled again."""
        self._back_at = now

    def next_s(self, *, needs_operator: bool = False) -> float:
        """Return the seconds until the next probe; what waits for an operator is probed more and more rarely."""
        self._waited_s = self._next_s * self._uniform(1 - JITTER, 1)
        longest_s = LONGEST_FOR_OPERATORS * self._longest_s if needs_operator else self._longest_s
        self._next_s = min(2 * self._next_s, longest_s)
        return self._waited_s
