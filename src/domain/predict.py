"""Predict: answer requests from the cache, and compute only what it does not hold."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence

from foreseen.domain.answer import Answer, Landed, Origin
from foreseen.domain.counters import Tally
from foreseen.domain.errors import NotCachedError
from foreseen.domain.flights.coalescing import Flights
from foreseen.domain.flights.miss_stages import MissStages
from foreseen.domain.identity.cache_control import NO_DIRECTIVES, Directives
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Cache, Lookup, Predictor
from foreseen.domain.values.batch import Batch, Instances


class Predict:
    """The use case of requests.

    A hit in L1 is answered at once. A miss joins the flight of its key, which goes through the stages of `MissStages`.
    """

    def __init__(
        self,
        predictor: Predictor,
        cache: Cache,
        stages: MissStages,
        *,
        slower_tiers: Lookup | None,
        tally: Tally,
        lifetime: Lifetime | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Accept the stages of a miss, ready to run.

        Args:
            slower_tiers: the cache without L1; None if there is only L1.
            lifetime: knows of purges; None if there are none.
            clock: returns seconds since 1970.
        """
        self.predictor = predictor
        self.recipe = predictor.info.key_recipe
        self.tally = tally
        self.stages = stages
        self.peek = cache.peek
        self._cache = cache
        self._slower_tiers = slower_tiers
        self._flights = Flights(stages.first)
        self._lifetime = lifetime
        self._clock = clock

    async def finish(self) -> None:
        """Wait until nothing is being looked up, computed or put."""
        await self.stages.finish()

    @property
    def keeps(self) -> bool:
        """Whether any tier stores the model's answers now."""
        return self._cache.keeps

    @property
    def purged_us(self) -> int:
        """When this process was last purged, µs since 1970; 0 for never."""
        return 0 if self._lifetime is None else self._lifetime.forgotten_until_us

    @property
    def waiting(self) -> int:
        """How many instances wait for the model."""
        return self.stages.model.waiting

    async def __call__(
        self, batch: Batch, directives: Directives = NO_DIRECTIVES, *, timeout_s: float = math.inf
    ) -> Answer:
        """Answer every instance of a batch.

        Args:
            timeout_s: the time budget of instances that L1 does not contain, in seconds.
        Raises:
            InvalidBatchError, PredictionError: as the predictor; nothing of what failed is stored.
            NotCachedError: the directives allow no computation, and one is needed.
            OverloadedError: the model's queue is full.
            DeadlineExceededError: the time budget is spent.
        """
        keys = self.recipe.keys(batch)
        if directives == NO_DIRECTIVES:
            known = {key: entry for key in keys if (entry := self.peek(key)) is not None}
            return await self.answer(keys, batch, known, timeout_s=timeout_s)
        return self._counted(keys, await self._find_as_directed(keys, batch, directives, timeout_s))

    async def answer(
        self, keys: Sequence[Key], instances: Instances, known: Mapping[Key, Entry], *, timeout_s: float = math.inf
    ) -> Answer:
        """Answer instances whose keys were looked up in L1: key i is that of instance i.

        Args:
            known: what `peek` returned of the keys in this turn of the event loop. A key that another request lands
                later would be computed again, since L1 is not looked up twice.
            timeout_s: the time budget of the other keys, in seconds.
        Raises:
            InvalidBatchError, PredictionError: as the predictor; nothing of what failed is stored.
            OverloadedError: the model's queue is full.
            DeadlineExceededError: the time budget is spent.
        """
        found: dict[Key, Landed] = {key: (entry, Origin.L1) for key, entry in known.items()}
        # One row for each key, so that an instance repeated among them is predicted once.
        missing = {key: row for row, key in enumerate(keys) if key not in found}
        if missing:
            deadline = asyncio.get_running_loop().time() + timeout_s
            found |= await self._flights.join(missing, instances, deadline=deadline)
        return self._counted(keys, found)

    async def _find_as_directed(
        self, keys: Sequence[Key], batch: Batch, wish: Directives, timeout_s: float
    ) -> dict[Key, Landed]:
        """Find keys as one request directs. It joins no flight: what others wait for may not be what it wants."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        rows = {key: row for row, key in enumerate(keys)}
        found: dict[Key, Landed] = {}
        if not wish.recomputes:
            in_l1 = {key: entry for key in rows if (entry := self.peek(key)) is not None}
            rest = [key for key in rows if key not in in_l1]
            in_l2 = await self._slower_tiers.get_many(rest) if rest and self._slower_tiers is not None else {}
            now_us = self._clock() * 1e6
            for origin, known in ((Origin.L1, in_l1), (Origin.L2, in_l2)):
                found |= {key: (entry, origin) for key, entry in known.items() if wish.accepts(entry, now_us)}
        missing = {key: row for key, row in rows.items() if key not in found}
        if missing and wish.only_if_cached:
            raise NotCachedError(f"expected a cached answer to each of {len(rows)} instances, got {len(found)}")
        if missing:
            alone = Flights(self.stages.model, are_kept=not wish.no_store)
            found |= await alone.join(missing, batch, deadline=deadline)
        return found

    def _counted(self, keys: Sequence[Key], found: Mapping[Key, Landed]) -> Answer:
        """Return the answer in the order of the keys, and count where its instances came from."""
        answer = Answer([found[key] for key in keys])
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
