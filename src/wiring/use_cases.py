"""How the use cases are put together of the domain's parts."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Final

from foreseen.domain.bulk.bulk import BulkPredict, Tier
from foreseen.domain.bulk.model_calls import ModelCalls
from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.counters import Tally
from foreseen.domain.flights.batched_lookup import BatchedLookup
from foreseen.domain.flights.flights_across_processes import FlightsAcrossProcesses
from foreseen.domain.flights.micro_batcher import MicroBatcher
from foreseen.domain.flights.miss_stages import MissStages
from foreseen.domain.flights.model_entries import ModelEntries
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Cache, Leases, Lookup, Predictor
from foreseen.domain.predict import Predict

MICRO_BATCH_ROWS: Final = 1024
"""Rows of waiting requests in one model call, at most."""


def wire_predict(
    predictor: Predictor,
    cache: Cache,
    model_thread: ModelThread,
    *,
    slower_tiers: Lookup | None,
    tally: Tally | None = None,
    leases: Leases | None = None,
    lease_min_cost_s: float = 0.0,
    max_waiting: float = math.inf,
    lifetime: Lifetime | None = None,
    clock: Callable[[], float] = time.time,
    stopwatch: Callable[[], float] = time.perf_counter,
) -> Predict:
    """Build the use case of requests.

    Args:
        slower_tiers: the cache without L1; None where L1 is all there is.
        leases: divide the computations among the processes that share a cache; None where none do.
        lease_min_cost_s: seconds that an instance has to cost the model for a lease to be claimed.
        max_waiting: instances in the model's queue, at most.
        lifetime: knows of purges; None where there are none.
        clock: returns seconds since 1970.
        stopwatch: measures the model's time in seconds.
    """
    tally, cost = tally or Tally(), ModelCost()
    entries = ModelEntries(predictor, tally=tally, cost=cost, clock=clock, stopwatch=stopwatch)
    model = MicroBatcher(
        entries.compute, cache.put_many, model_thread, max_rows=MICRO_BATCH_ROWS, max_waiting=max_waiting, cost=cost
    )
    across_processes = lookup = None
    if leases is not None:
        across_processes = FlightsAcrossProcesses(leases, model, cache.put_many, cost=cost, min_cost_s=lease_min_cost_s)
    if slower_tiers is not None:
        lookup = BatchedLookup(slower_tiers, across_processes or model)
    stages = MissStages(lookup=lookup, across_processes=across_processes, model=model)
    return Predict(predictor, cache, stages, tally=tally, lifetime=lifetime, clock=clock)


def wire_bulk_predict(
    predictor: Predictor,
    tiers: Sequence[Tier],
    model_thread: ModelThread,
    *,
    tally: Tally | None = None,
    cost: ModelCost | None = None,
    repeats: Repeats | None = None,
) -> BulkPredict:
    """Build the use case of files.

    Args:
        tiers: those of the cache, L1 first.
        cost: where the model's cost is kept, by which tiers decide.
        repeats: counts a sample of the instances, where a tier decides by it.
    """
    tally, cost = tally or Tally(), cost or ModelCost()
    calls = ModelCalls(predictor, model_thread, tally=tally, cost=cost)
    return BulkPredict(predictor, tiers, calls, tally=tally, cost=cost, repeats=repeats)
