"""How the use cases are assembled from the domain's parts."""

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
from foreseen.domain.flights.placed_calls import PlacedCalls
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Cache, Leases, Lookup, Predictor
from foreseen.domain.predict import Predict
from foreseen.wiring.model_on_loop import ModelOnLoop, log_slow_call

MICRO_BATCH_ROWS: Final = 1024
"""Maximum rows of waiting requests in one model call."""


def wire_predict(
    predictor: Predictor,
    cache: Cache,
    model_thread: ModelThread,
    *,
    slower_tiers: Lookup | None,
    bypasses: Callable[[Sequence[Key]], bool] | None = None,
    tally: Tally | None = None,
    leases: Leases | None = None,
    lease_min_cost_s: float = 0.0,
    max_waiting: float = math.inf,
    lifetime: Lifetime | None = None,
    clock: Callable[[], float] = time.time,
    stopwatch: Callable[[], float] = time.perf_counter,
    on_loop: ModelOnLoop | None = None,
) -> Predict:
    """Build the use case of requests.

    Args:
        slower_tiers: the cache without L1; None if there is no other tier.
        bypasses: returns whether keys are treated as misses of these, without waiting; None if all are looked up.
        leases: divide the computations among the processes that share a cache; None if it is not shared.
        lease_min_cost_s: seconds that an instance has to cost the model for a lease to be claimed.
        max_waiting: maximum number of instances in the model's queue.
        lifetime: knows of purges; None if there are none.
        clock: returns seconds since 1970.
        stopwatch: measures the model's time in seconds.
        on_loop: loads the model in this process too, once that pays; None if all calls run in one place.
    """
    tally, cost = tally or Tally(), ModelCost()
    entries = ModelEntries(predictor, tally=tally, cost=cost, clock=clock, stopwatch=stopwatch)
    calls = PlacedCalls(
        entries.compute,
        model_thread,
        placement=None if on_loop is None else on_loop.placement,
        tally=tally,
        stopwatch=stopwatch,
        on_slow_call=log_slow_call,
    )
    if on_loop is not None:
        on_loop.serve(calls, entries)
    model = MicroBatcher(calls, cache.put_many, max_rows=MICRO_BATCH_ROWS, max_waiting=max_waiting, cost=cost)
    across_processes = lookup = None
    if leases is not None:
        across_processes = FlightsAcrossProcesses(leases, model, cache.put_many, cost=cost, min_cost_s=lease_min_cost_s)
    if slower_tiers is not None:
        lookup = BatchedLookup(slower_tiers, across_processes or model, bypasses=bypasses)
    stages = MissStages(lookup=lookup, across_processes=across_processes, model=model)
    return Predict(predictor, cache, stages, slower_tiers=slower_tiers, tally=tally, lifetime=lifetime, clock=clock)


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
