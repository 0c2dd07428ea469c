"""The stages of a miss, put together."""

from dataclasses import dataclass

from foreseen.domain.flights.batched_lookup import BatchedLookup
from foreseen.domain.flights.flights_across_processes import FlightsAcrossProcesses
from foreseen.domain.flights.micro_batcher import MicroBatcher
from foreseen.domain.flights.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class MissStages:
    """What a key goes through that L1 does not hold, in this order.

    Attributes:
        lookup: looks up the slower tiers; None where there are none.
        across_processes: leaves to another process what it computes already; None where none shares the cache.
        model: computes what is left.
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
