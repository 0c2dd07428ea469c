"""Predict: answer from the cache, asking the model only for what is missing."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from foreseen.domain.answer import Answer, Landed, Origin
from foreseen.domain.bulk.bulk import Bulk, Tier
from foreseen.domain.bulk.model_calls import ModelCalls
from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.bulk.tier_payoff import Always
from foreseen.domain.counters import Tally
from foreseen.domain.errors import NotCachedError, PredictionError
from foreseen.domain.flights.batched_lookup import BatchedLookup
from foreseen.domain.flights.coalescing import Flights
from foreseen.domain.flights.flights_across_processes import FlightsAcrossProcesses
from foreseen.domain.flights.micro_batcher import MicroBatcher
from foreseen.domain.identity.cache_control import NO_DIRECTIVES, Directives
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key, KeyRecipe
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Cache, Leases, Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.instances import Instances
from foreseen.domain.values.predictions import Predictions

MICRO_BATCH_ROWS: Final = 1024
"""Rows of waiting requests that the model is given at once, at most."""


class Predict:
    """The one use case: HTTP and files both come here, and get the same bytes for the same instance.

    A key that nobody knows goes through flights (is somebody finding it?), a lookup in the slower tiers,
    leases (is another process computing it?), and the model.
    """

    def __init__(
        self,
        predictor: Predictor,
        cache: Cache,
        model_thread: ModelThread,
        *,
        tally: Tally | None = None,
        leases: Leases | None = None,
        lease_min_cost_s: float = 0.0,
        max_waiting: float = math.inf,
        tiers: Sequence[Tier] | None = None,
        repeats: Repeats | None = None,
        cost: ModelCost | None = None,
        lifetime: Lifetime | None = None,
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Accept the clock as seconds since 1970, and what measures the model's time in seconds.

        Args:
            leases: who computes what among the processes that share the cache; None where none do.
            lease_min_cost_s: seconds that an instance has to cost the model for others to be asked.
            max_waiting: instances that wait for the model at most.
            tiers: the cache's own from near to far, for batches of thousands; the cache as a whole where none are told.
            repeats: told of a sample of those batches, where a tier decides by it.
            cost: where the model's cost is kept, which tiers decide by.
            lifetime: what the tiers look up a purge in; None where there is no purge.
        """
        self.predictor = predictor
        self.recipe = KeyRecipe(predictor.info.namespace, predictor.info.signature)
        self.tally = tally or Tally()
        self.peek = cache.peek
        self._cache = cache
        self._clock = clock
        self._stopwatch = stopwatch
        self._cost = cost or ModelCost()
        self._lifetime = lifetime
        self._micro_batch = MicroBatcher(
            self._compute,
            cache.put_many,
            model_thread,
            max_rows=MICRO_BATCH_ROWS,
            max_waiting=max_waiting,
            cost=self._cost,
        )
        self._shared = leases and FlightsAcrossProcesses(
            leases, self._micro_batch, cache.put_many, cost=self._cost, min_cost_s=lease_min_cost_s
        )
        self._lookup = BatchedLookup(cache, self._shared or self._micro_batch)
        self.tiers = tuple([Tier(cache, Origin.L1, Always())] if tiers is None else tiers)
        self._bulk = Bulk(
            self.recipe,
            self.tiers,
            ModelCalls(predictor, model_thread, tally=self.tally, cost=self._cost),
            tally=self.tally,
            cost=self._cost,
            clock=clock,
            repeats=repeats,
        )
        self._flights = Flights(self._lookup)

    async def finish(self) -> None:
        """Wait until nothing is looked up, computed or stored any more."""
        await self._lookup.finish()
        await self._micro_batch.finish()

    @property
    def keeps(self) -> bool:
        """Whether what the model answers now is kept by some tier."""
        return self._cache.keeps

    @property
    def purged_us(self) -> int:
        """When this process was purged last, µs since 1970; 0 for never."""
        return 0 if self._lifetime is None else self._lifetime.forgotten_until_us

    @property
    def waiting(self) -> int:
        """How many instances wait for the model."""
        return self._micro_batch.waiting

    async def __call__(
        self, batch: Batch, directives: Directives = NO_DIRECTIVES, *, timeout_s: float = math.inf
    ) -> Answer:
        """Answer every instance of a batch.

        Args:
            timeout_s: seconds that it may wait for what is not known at once.
        Raises:
            InvalidBatchError, PredictionError: as the predictor; nothing of what failed is stored.
            NotCachedError: the directives allow no computation, and one is needed.
            OverloadedError, DeadlineExceededError: too much waits for the model, or it waited too long.
        """
        keys = self.recipe.keys(batch)
        if directives != NO_DIRECTIVES:
            return self._in_order(keys, await self._find_as_directed(keys, batch, directives, _deadline(timeout_s)))
        return await self.answer(keys, batch, timeout_s=timeout_s)

    async def bulk(self, batch: Batch) -> Predictions:
        """Answer every instance of a batch of thousands, as a file brings them, in plain values.

        Raises:
            InvalidBatchError, PredictionError: as the predictor; nothing of what failed is stored.
        """
        return await self._bulk(batch)

    async def answer(self, keys: Sequence[Key], instances: Instances, *, timeout_s: float = math.inf) -> Answer:
        """Answer instances whose keys are told already: key i is that of instance i.

        Args:
            timeout_s: seconds that it may wait for what is not known at once.
        Raises:
            InvalidBatchError, PredictionError: as the predictor; nothing of what failed is stored.
            OverloadedError, DeadlineExceededError: too much waits for the model, or it waited too long.
        """
        known = {key: (entry, Origin.L1) for key in keys if (entry := self.peek(key)) is not None}
        # One row a missing key, so that an instance repeated among them is predicted once.
        missing = {key: row for row, key in enumerate(keys) if key not in known}
        if missing:
            known |= await self._flights.join(missing, instances, deadline=_deadline(timeout_s))
        return self._in_order(keys, known)

    async def _find_as_directed(
        self, keys: Sequence[Key], batch: Batch, wish: Directives, deadline: float
    ) -> dict[Key, Landed]:
        """Find keys as one caller wishes; alone, since what others wait for may not be what this one wants."""
        rows = {key: row for row, key in enumerate(keys)}
        found: dict[Key, Landed] = {}
        if not wish.computes_anew:
            near = {key: entry for key in rows if (entry := self.peek(key)) is not None}
            far = await self._cache.get_many([key for key in rows if key not in near])
            now_us = self._clock() * 1e6
            for origin, known in ((Origin.L1, near), (Origin.L2, far)):
                found |= {key: (entry, origin) for key, entry in known.items() if wish.accepts(entry, now_us)}
        missing = {key: row for key, row in rows.items() if key not in found}
        if missing and wish.only_if_cached:
            raise NotCachedError(f"expected a cached answer to each of {len(rows)} instances, got {len(found)}")
        if missing:
            alone = Flights(self._micro_batch, are_kept=not wish.no_store)
            found |= await alone.join(missing, batch, deadline=deadline)
        return found

    def _compute(self, batch: Batch) -> list[Entry]:
        """Run the model and encode its answers, on the model's thread."""
        start, called_at_us = self._stopwatch(), int(self._clock() * 1e6)
        predictions = self.predictor.predict(batch)
        if len(predictions) != len(batch):
            raise PredictionError(f"expected {len(batch)} predictions from the model, got {len(predictions)}")
        bodies, seconds = predictions.encode(), self._stopwatch() - start
        self.tally.count_model_call(rows=len(batch), seconds=seconds)
        self._cost.count(rows=len(batch), seconds=seconds)
        cost_us = int(seconds * 1e6 / len(batch))
        return [Entry(body, called_at_us, cost_us) for body in bodies]

    def _in_order(self, keys: Sequence[Key], known: Mapping[Key, Landed]) -> Answer:
        answer = Answer([known[key] for key in keys])
        counts = answer.counts
        self.tally.count_answer(
            l1=counts.get(Origin.L1, 0),
            l2=counts.get(Origin.L2, 0),
            missed=counts.get(Origin.MODEL, 0),
            coalesced=counts.get(Origin.COALESCED, 0),
        )
        if counts.keys() != {Origin.MODEL}:
            l1_us, l2_us, coalesced_us = answer.saved_us()
            self.tally.count_saved(l1=l1_us * 1e-6, l2=l2_us * 1e-6, coalesced=coalesced_us * 1e-6)
        return answer


def _deadline(timeout_s: float) -> float:
    """Return when a time budget that begins now is spent, in the event loop's time."""
    return asyncio.get_running_loop().time() + timeout_s
