"""Deadlines: whoever waits is told when their time is over, by one timer for all of them."""

import asyncio
from heapq import heappop, heappush
from math import ceil
from typing import Final, Protocol

TICKS_PER_S: Final = 100
"""Deadlines of one tick fall together, at its end: late by that much at most, and never early."""

_LATE_S: Final = 0.001
"""How long after the end of a tick the timer rings: a loop's timers may be a millisecond early."""


class Waiter(Protocol):
    """Somebody who waits no longer than until a deadline."""

    def expire(self) -> None:
        """Be told that the time is over."""


class Deadlines:
    """Keeps who waits until when.

    A timer of each one's own would cost more than all else that a deadline does, and hardly any of them ever rings.
    """

    def __init__(self) -> None:
        self._due: dict[int, set[Waiter]] = {}
        self._ticks: list[int] = []  # a heap of the ticks in _due
        self._timer: asyncio.TimerHandle | None = None

    def join(self, waiter: Waiter, until: float) -> set[Waiter]:
        """Have a waiter told when the time of the event loop is `until`, seconds.

        Returns:
            A set from which it is to be taken when it waits no longer; then it is not told.
        """
        tick = ceil(until * TICKS_PER_S)
        due = self._due.get(tick)
        if due is None:
            due = self._due[tick] = set()
            heappush(self._ticks, tick)
            if self._ticks[0] == tick:
                self._wind()
        due.add(waiter)
        return due

    def close(self) -> None:
        """Tell nobody any more."""
        self._due.clear()
        self._ticks.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wind(self) -> None:
        """Set the timer to the first tick."""
        if self._timer is not None:
            self._timer.cancel()
        ends = self._ticks[0] / TICKS_PER_S + _LATE_S
        self._timer = asyncio.get_running_loop().call_at(ends, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time() * TICKS_PER_S
        # Ticks for which nobody waits any more are passed over, so that it rings once in a timeout, not once in a tick.
        while self._ticks and (self._ticks[0] <= now or not self._due[self._ticks[0]]):
            for waiter in self._due.pop(heappop(self._ticks)):
                waiter.expire()
        if self._ticks:
            self._wind()
