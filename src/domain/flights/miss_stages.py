"""The stages of a miss, put together."""

from dataclasses import dataclass

from foreseen.domain.flights.batched_lookup import BatchedLookup
from foreseen.domain.flights.flights_across_processes import FlightsAcrossProcesses
from foreseen.domain.flights.micro_batcher import MicroBatcher
from foreseen.domain.flights.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class MissStages:
    """The stages of a key that L1 does not hold, in order.

    Attributes:
        lookup: looks up the slower tiers; None if there are none.
        across_processes: leaves keys to another process that computes them already; None if none shares the cache.
        model: computes the rest.
    """

    lookup: BatchedLookup | None = None
    across_processes: FlightsAcrossProcesses | None = None
    model: MicroBatcher

    @property
    def first(self) -> Stage:
        """The stage that a miss begins at."""
        return self.lookup or self.across_processes or self.model

    async def finish(self) -> None:
        """Wait until nothing is being looked up, computed or put."""
        if self.lookup is not None:
            await self.lookup.finish()
        await self.model.finish()
