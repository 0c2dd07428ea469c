"""Key costs: what it costs to look up a key in a tier and to write it, in a run and in a service."""

from typing import Final, Protocol

from foreseen.domain.decaying_mean import DecayingMean

RUN_L1_LOOKUP_US: Final = 1.5
RUN_L1_WRITE_US: Final = 5.0
RUN_L2_LOOKUP_US: Final = 8.0
RUN_L2_WRITE_US: Final = 10.0
"""Assumed time of a key in a run until it is measured, µs: to make the key and look it up, and to encode and store.

A run waits for its calls, so they cost their time by the clock. The model's cost is measured by the same clock: a busy
machine lengthens both, and their ratio stays.

Source:
    docs/benchmarks.md, "Files".
"""

SERVICE_CALL_US: Final = 60.0
SERVICE_LOOKUP_US: Final = 1.0
SERVICE_WRITE_US: Final = 2.0
"""CPU time of a serving process for a call to L2, µs, and what each key adds to it.

Less than in a run, since a service answers other requests while it waits. For the same reason it cannot be measured
in a service: the time of a call by the clock includes everything else that the event loop does.

Source:
    docs/benchmarks.md, "What Redis costs this process": a call takes 20 µs, and 0.4 to 1.9 for each key. Under load
    it takes about three times as long, since it adds turns to the event loop: docs/adr/0016.
"""

SERVICE_L1_WRITE_US: Final = 2.0
SERVICE_L1_HIT_US: Final = 30.0
"""CPU time of a serving process, µs: to store a prediction in L1, and what a hit in L1 spares beside the model's time.

A hit makes no flight, no task and no message to the model, and is answered in one write.

Source:
    docs/adr/0051, where both were measured.
"""


class KeyCost(Protocol):
    """What one key costs, on average."""

    @property
    def us(self) -> float:
        """Microseconds."""


class MeasuredCost:
    """The cost of a key in calls that are timed: a decaying mean that starts from an assumed value."""

    _ASSUMED_KEYS: Final = 64
    _LIMIT: Final = 65_536
    """Keys that the mean covers: several chunks of a file, each of which is a single measurement."""

    def __init__(self, assumed_us: float) -> None:
        self._mean = DecayingMean(limit=self._LIMIT)
        self._mean.count(assumed_us * self._ASSUMED_KEYS, self._ASSUMED_KEYS)

    def count(self, keys: int, seconds: float) -> None:
        """Record a call."""
        self._mean.count(seconds * 1e6, keys)

    @property
    def us(self) -> float:
        """Microseconds."""
        return self._mean.mean


class CallCost:
    """The cost of a key in calls with a known CPU time: its share of the call, and what the key itself adds.

    Attributes:
        keys: keys per call, as a decaying mean.
    """

    _LIMIT: Final = 256
    """Calls that the mean covers."""

    def __init__(self, call_us: float, key_us: float) -> None:
        self.keys = DecayingMean(limit=self._LIMIT)
        self._call_us = call_us
        self._key_us = key_us

    def count(self, keys: int) -> None:
        """Record a call."""
        self.keys.count(keys, 1)

    @property
    def us(self) -> float:
        """Microseconds."""
        return self._call_us / max(self.keys.mean, 1.0) + self._key_us


def cost_us(lookup: KeyCost, write: KeyCost, hit_share: float) -> float:
    """Return the cost of a key that is looked up and, if it is missed, written, µs."""
    return lookup.us + (1 - hit_share) * write.us
