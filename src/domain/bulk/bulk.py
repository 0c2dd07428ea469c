"""Bulk: batches of thousands, answered column by column, each tier looked up while that saves time."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from foreseen.domain.answer import Landed, Origin
from foreseen.domain.bulk.model_calls import ModelCalls
from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.bulk.row_sample import sampled
from foreseen.domain.bulk.tier_use import TierUse
from foreseen.domain.counters import Tally
from foreseen.domain.identity.encoded_entries import encoded_of, entries_of
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.payoff.payoff_decision import FIRST_KEYS
from foreseen.domain.ports import Cache, Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions, decoded, joined_predictions

KEYS_AT_ONCE: Final = 1024
"""Keys of one lookup: a far longer one would delay all other users of L2."""

LOOKUPS_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier of the cache, and whether it is worth a lookup."""

    cache: Cache
    origin: Origin
    use: TierUse

    async def look_up(self, keys: Sequence[Key], *, also_s: float = 0.0, of: int | None = None) -> dict[Key, Entry]:
        """Look keys up in slices, some in parallel, and record the time.

        Args:
            also_s: seconds spent on these keys before.
            of: the number of instances that have these keys; None for one per key.
        """
        began = time.perf_counter()
        found: dict[Key, Entry] = {}
        slices = [keys[start : start + KEYS_AT_ONCE] for start in range(0, len(keys), KEYS_AT_ONCE)]
        for start in range(0, len(slices), LOOKUPS_AT_ONCE):
            for entries in await asyncio.gather(*map(self.cache.get_many, slices[start : start + LOOKUPS_AT_ONCE])):
                found |= entries
        if keys:
            self.use.count_lookup(of or len(keys), len(found), time.perf_counter() - began + also_s)
        return found

    async def put(self, entries: Mapping[Key, Entry], *, also_s: float = 0.0) -> None:
        """Store entries, and record the time, `also_s` seconds spent before included."""
        began = time.perf_counter()
        await self.cache.put_many(entries)
        self.use.count_write(len(entries), time.perf_counter() - began + also_s)


class BulkPredict:
    """The use case of files: answers batches of thousands.

    Keys, entries and model are those of requests, without flights and micro-batches, which only requests need. Equal
    instances are computed once if keys are made at all. Batches that use the cache run one after the other, so that the
    second finds what the first has computed; others run in parallel.

    Attributes:
        tiers: the cache's own, L1 first.
    """

    def __init__(
        self,
        predictor: Predictor,
        tiers: Sequence[Tier],
        model: ModelCalls,
        *,
        tally: Tally,
        cost: ModelCost,
        clock: Callable[[], float] = time.time,
        repeats: Repeats | None = None,
    ) -> None:
        """Accept the tiers, L1 first, and the clock in seconds since 1970.

        Args:
            repeats: counts a sample of the instances; None if no tier decides by it.
        """
        self.predictor = predictor
        self.tiers = tuple(tiers)
        self.tally = tally
        self._recipe = predictor.info.key_recipe
        self._model = model
        self._cost = cost
        self._clock = clock
        self._repeats = repeats
        self._in_turn = asyncio.Lock()

    async def answer(self, batch: Batch) -> Predictions:
        """Answer every instance, in plain values.

        Raises:
            InvalidBatchError, PredictionError: raised by the predictor; nothing of a failed call is stored.
        """
        if self._repeats is not None and self._cost.row_s is None and len(batch) > FIRST_KEYS:
            first = await self._answered(batch.take(range(FIRST_KEYS)))
            return joined_predictions([first, await self._answered(batch.take(range(FIRST_KEYS, len(batch))))])
        return await self._answered(batch)

    async def _answered(self, batch: Batch) -> Predictions:
        await self._learn(batch)
        if self._some_tier_pays():
            async with self._in_turn:
                if self._some_tier_pays():  # the previous batch may have changed it
                    return await self._through_tiers(batch)
        predictions = await self._model.whole(batch)
        self.tally.count_answer(l1=0, l2=0, missed=len(batch), coalesced=0)
        return predictions

    def _some_tier_pays(self) -> bool:
        for tier in self.tiers:
            tier.use.reconsider()
        return any(tier.use.is_looked_up or tier.use.is_written for tier in self.tiers)

    async def _learn(self, batch: Batch) -> None:
        """Measure a sample: how much of it repeats, and how much a bypassed L2 would answer."""
        if self._repeats is None:
            return
        rows = sampled(batch)
        new = self._repeats.count(self._recipe.keys(batch.take(rows)) if len(rows) else ())
        for tier in self.tiers:
            if tier.origin is Origin.L2 and not tier.use.is_looked_up:
                await tier.look_up(new)

    async def _through_tiers(self, batch: Batch) -> Predictions:
        began = time.perf_counter()
        keys = self._recipe.keys(batch)
        # Of equal instances the last one is computed.
        rows = {key: row for row, key in enumerate(keys)}
        found = await self._look_up(list(rows), instances=len(keys), keying_s=time.perf_counter() - began)
        missing = [key for key in rows if key not in found] if found else list(rows)
        fresh = Predictions({})
        if missing:
            called_at_us = int(self._clock() * 1e6)
            fresh = await self._model.divided(batch.take([rows[key] for key in missing]))
            await self._put(missing, fresh, called_at_us)
        known = decoded(encoded_of([entry for entry, _ in found.values()])) if found else Predictions({})
        self._count(keys, found, missed=len(missing))
        place = {key: number for number, key in enumerate((*found, *missing))}
        return joined_predictions([known, fresh]).take([place[key] for key in keys])

    async def _look_up(self, keys: Sequence[Key], *, instances: int, keying_s: float) -> dict[Key, Landed]:
        """Look up missing keys tier by tier, and promote hits of L2 into L1."""
        found: dict[Key, Landed] = {}
        for number, tier in enumerate(self.tiers):
            missing = [key for key in keys if key not in found] if found else keys
            if not missing or not tier.use.is_looked_up:
                continue
            # Making the keys is part of what the first tier costs: only tiers need them.
            entries = await (tier.look_up(missing) if number else tier.look_up(missing, also_s=keying_s, of=instances))
            for faster in self.tiers[:number]:
                if entries and faster.use.is_written:
                    await faster.cache.put_many(entries)
            found |= {key: (entry, tier.origin) for key, entry in entries.items()}
            if entries and self._cost.row_s is None:  # an entry contains what it cost the model
                self._cost.count(rows=len(entries), seconds=sum(entry.cost_us for entry in entries.values()) / 1e6)
        return found

    async def _put(self, keys: Sequence[Key], fresh: Predictions, called_at_us: int) -> None:
        """Store the model's answers, L2 first: a crash between the two leaves L2 ahead, never behind."""
        written = [tier for tier in reversed(self.tiers) if tier.use.is_written]
        if not written:
            return
        began = time.perf_counter()
        cost_us = int((self._cost.row_s or 0.0) * 1e6)
        entries = dict(zip(keys, entries_of(fresh.encode(), called_at_us, cost_us), strict=True))
        encoding_s = (time.perf_counter() - began) / len(written)
        for tier in written:
            await tier.put(entries, also_s=encoding_s)

    def _count(self, keys: Sequence[Key], found: Mapping[Key, Landed], *, missed: int) -> None:
        """Count instances: of equal ones that were computed, one is a miss and the others are coalesced."""
        origins = [found[key][1] for key in keys if key in found] if found else []
        l1 = origins.count(Origin.L1)
        self.tally.count_answer(l1=l1, l2=len(origins) - l1, missed=missed, coalesced=len(keys) - len(origins) - missed)
