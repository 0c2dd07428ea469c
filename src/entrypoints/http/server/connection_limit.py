"""Arrivals: how many connections a process takes, and which one leaves when there is one too many."""

import resource
from collections import OrderedDict
from typing import Final, Protocol

MAX_TURNED_AWAY: Final = 32
"""Connections beyond the limit that may read why they were rejected; they take files that are kept spare."""

IDLE_S: Final = 1.0
"""Seconds since its last answer from which on a connection may give way: a client at work pauses for less."""

MAX_LOOKED_AT: Final = 64
"""Connections of which the one that is idle longest gives way; the next time it is the turn of others."""

SPARE_FILES: Final = 128
"""Files that are left to everything else: Redis, the model, the log."""


class Arrival(Protocol):
    """A connection from the moment at which it is accepted."""

    def has_sent_a_head(self) -> bool:
        """Return whether the head of a request has come, whole."""

    def idle_s(self) -> float | None:
        """Return for how many seconds it has had nothing to do since its last answer; None where it has something."""

    def give_way(self) -> None:
        """Close, because a newer connection takes this one's place."""


class Arrivals:
    """The connections of one process in the order of their arrival, those before their first request among them.

    Where all places are taken, a new connection takes that of the one which has gone longest without sending the head
    of a request: clients that connect and stay silent then cost others nothing. Next give way those that are idle
    between two requests. Those that have something to do keep their place, and the new one is rejected.

    Nothing is recorded when a request comes: who is idle is looked up when there is one connection too many.
    """

    def __init__(self, most: int) -> None:
        """Accept so many connections at the same time."""
        self._most = most
        self._waiting: OrderedDict[Arrival, None] = OrderedDict()
        self._kept: OrderedDict[Arrival, None] = OrderedDict()
        self._turned_away: set[Arrival] = set()

    def admit(self, arrival: Arrival, connections: int) -> bool:
        """Return whether a new connection has a place.

        Args:
            connections: how many there are with this one.
        """
        if connections > self._most and arrival not in self._waiting and not self._make_room():
            return False
        self._waiting[arrival] = None
        return True

    def replace(self, old: Arrival, new: Arrival) -> None:
        """Pass the place of a connection on to the protocol that takes it over."""
        self._waiting.pop(old, None)
        self._waiting[new] = None

    def turn_away(self, arrival: Arrival) -> bool:
        """Record a connection without a place; return whether it may stay until its client has read the reason."""
        if len(self._turned_away) >= MAX_TURNED_AWAY:
            return False
        self._turned_away.add(arrival)
        return True

    def forget(self, arrival: Arrival) -> None:
        """Forget a connection that has ended."""
        self._waiting.pop(arrival, None)
        self._kept.pop(arrival, None)
        self._turned_away.discard(arrival)

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
    """Return how many connections this process's files allow, at most as many as are wanted; raise its limit for that.

    At the limit of its files a server can neither accept a connection nor reject it, nor reach Redis.
    """
    needed = wanted + SPARE_FILES
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_less(allowed, needed):
        allowed = most if _is_less(most, needed) else needed
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    return max(1, allowed - SPARE_FILES) if _is_less(allowed, needed) else wanted


def _is_less(limit: int, needed: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < needed
