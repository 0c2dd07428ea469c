"""Stage: a step on the way of a miss.

`Flights.join` begins flights and submits them to the first stage; each stage lands what it can and submits the rest to
the next. In order: `BatchedLookup`, `FlightsAcrossProcesses` where processes share a cache, `MicroBatcher`.
"""

from collections.abc import Sequence
from typing import Protocol

from foreseen.domain.flights.flight import Boarding


class Stage(Protocol):
    """A step that ends every flight submitted to it: it lands, fails, or goes on to the next stage."""

    def submit(self, boardings: Sequence[Boarding]) -> None:
        """Start on boardings, without waiting. Skip flights that no caller waits for."""
