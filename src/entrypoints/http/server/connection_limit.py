"""Arrivals: how many connections a process accepts, and which one is closed if there are too many."""

import resource
from collections import OrderedDict
from typing import Final, Protocol

MAX_STAYING: Final = 32
"""Most rejected connections that stay open until their clients have read why; they use spare file descriptors."""

IDLE_S: Final = 1.0
"""Seconds since its last answer after which a connection may be replaced: an active client pauses for less."""

MAX_LOOKED_AT: Final = 64
"""Connections among which the longest idle one is replaced; the next time, others are compared."""

SPARE_FILES: Final = 128
"""File descriptors that are reserved for everything else: Redis, the model, the log."""


class Arrival(Protocol):
    """A connection, from the moment at which it is accepted."""

    def has_sent_a_head(self) -> bool:
        """Return whether the whole head of a request has arrived."""

    def idle_s(self) -> float | None:
        """Return the seconds since its last answer if it is idle; None if it is not, or before its first request."""

    def give_way(self) -> None:
        """Close, because a newer connection takes this one's place."""


class Arrivals:
    """The connections of one process in the order of their arrival.

    If all places are taken, a new connection replaces the oldest one that has not yet sent the head of a request, so
    that silent clients cost others nothing. If there is none, it replaces one that is idle between two requests. If all
    are busy, the new one is rejected.

    Nothing is recorded for each request: idle connections are looked for only if there are too many.
    """

    def __init__(self, most: int) -> None:
        """Accept the most connections at a time."""
        self._most = most
        self._waiting: OrderedDict[Arrival, None] = OrderedDict()
        self._kept: OrderedDict[Arrival, None] = OrderedDict()
        self._staying: set[Arrival] = set()

    def admit(self, arrival: Arrival, connections: int) -> bool:
        """Return whether a new connection gets a place, perhaps that of another.

        Args:
            connections: the number of connections, including this one.
        """
        if connections > self._most and arrival not in self._waiting and not self._make_room():
            return False
        self._waiting[arrival] = None
        return True

    def replace(self, old: Arrival, new: Arrival) -> None:
        """Pass the place of a connection on to the protocol that takes it over."""
        self._waiting.pop(old, None)
        self._waiting[new] = None

    def may_stay(self, arrival: Arrival) -> bool:
        """Return whether a rejected connection may stay open until its client has read why."""
        if len(self._staying) >= MAX_STAYING:
            return False
        self._staying.add(arrival)
        return True

    def forget(self, arrival: Arrival) -> None:
        """Forget a connection that has ended."""
        self._waiting.pop(arrival, None)
        self._kept.pop(arrival, None)
        self._staying.discard(arrival)

    def _make_room(self) -> bool:
        while self._waiting:
            oldest, _ = self._waiting.popitem(last=False)
            if not oldest.has_sent_a_head():
                oldest.give_way()
                return True
            self._kept[oldest] = None
        return self._end_an_idle_one()

    def _end_an_idle_one(self) -> bool:
        looked_at = [self._kept.popitem(last=False)[0] for _ in range(min(len(self._kept), MAX_LOOKED_AT))]
        self._kept.update(dict.fromkeys(looked_at))
        idle_s = {kept: found for kept in looked_at if (found := kept.idle_s()) is not None and found >= IDLE_S}
        if not idle_s:
            return False
        longest = max(idle_s, key=idle_s.__getitem__)
        del self._kept[longest]
        longest.give_way()
        return True


def affordable_connections(wanted: int) -> int:
    """Return how many connections the limit of file descriptors allows, up to `wanted`, after raising that limit.

    At that limit, a server can neither accept a connection nor reject it, nor reach Redis.
    """
    needed = wanted + SPARE_FILES
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_less(allowed, needed):
        allowed = most if _is_less(most, needed) else needed
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    return max(1, allowed - SPARE_FILES) if _is_less(allowed, needed) else wanted


def _is_less(limit: int, needed: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < needed
