"""Bulk: batches of thousands, answered column by column, each tier asked where that pays."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from foreseen.domain.answer import Landed, Origin
from foreseen.domain.bulk.model_calls import ModelCalls
from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.bulk.row_sample import sampled
from foreseen.domain.bulk.tier_payoff import Payoff
from foreseen.domain.counters import Tally
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key, KeyRecipe
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.ports import Cache, Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions, decoded, joined_predictions

KEYS_AT_ONCE: Final = 1024
"""Keys of one lookup: one far longer would keep a shared tier from everybody else."""

LOOKUPS_AT_ONCE: Final = 4

FIRST_ROWS: Final = 4096
"""Rows that are answered before anything is decided: they go through every tier, and tell what the model costs."""


NULL: Final = b"null"
"""What an entry holds for a number that is not finite, which files keep: such an instance is computed again."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier of the cache, and whether it is worth asking."""

    cache: Cache
    origin: Origin
    payoff: Payoff

    async def look_up(self, keys: Sequence[Key], *, also_s: float = 0.0, of: int | None = None) -> dict[Key, Entry]:
        """Look keys up in slices, some side by side, and learn what it took.

        Args:
            also_s: seconds that were spent for it before.
            of: of how many instances these are the keys.
        """
        began = time.perf_counter()
        found: dict[Key, Entry] = {}
        slices = [keys[start : start + KEYS_AT_ONCE] for start in range(0, len(keys), KEYS_AT_ONCE)]
        for start in range(0, len(slices), LOOKUPS_AT_ONCE):
            for entries in await asyncio.gather(*map(self.cache.get_many, slices[start : start + LOOKUPS_AT_ONCE])):
                found |= entries
        if keys:
            self.payoff.count_lookup(of or len(keys), len(found), time.perf_counter() - began + also_s)
        return found

    async def fill(self, entries: Mapping[Key, Entry], *, also_s: float = 0.0) -> None:
        """Store entries, and learn what it took, with what was spent for it before."""
        began = time.perf_counter()
        await self.cache.put_many(entries)
        self.payoff.count_fill(len(entries), time.perf_counter() - began + also_s)


class BulkPredict:
    """The use case of files: answers batches of thousands.

    The same keys, entries and model as for requests, without what only these need: flights and micro-batches. Equal
    instances are computed once where keys are made at all. Batches that go through the cache do so one after the other,
    so that the second finds what the first has computed; others go side by side.

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
            repeats: counts a sample of the instances, where a tier decides by it.
        """
        self.predictor = predictor
        self.tiers = tuple(tiers)
        self.tally = tally
        self._recipe = KeyRecipe(predictor.info.namespace, predictor.info.signature)
        self._model = model
        self._cost = cost
        self._clock = clock
        self._repeats = repeats
        self._in_turn = asyncio.Lock()

    async def answer(self, batch: Batch) -> Predictions:
        """Answer every instance, in plain values.

        Raises:
            InvalidBatchError, PredictionError: as the predictor; nothing of what failed is stored.
        """
        if self._repeats is not None and self._cost.row_s is None and len(batch) > FIRST_ROWS:
            first = await self._answered(batch.take(range(FIRST_ROWS)))
            return joined_predictions([first, await self._answered(batch.take(range(FIRST_ROWS, len(batch))))])
        return await self._answered(batch)

    async def _answered(self, batch: Batch) -> Predictions:
        await self._learn(batch)
        if self._some_tier_pays():
            async with self._in_turn:
                if self._some_tier_pays():  # what came before has told since
                    return await self._through_tiers(batch)
        predictions = await self._model.whole(batch)
        self.tally.count_answer(l1=0, l2=0, missed=len(batch), coalesced=0)
        return predictions

    def _some_tier_pays(self) -> bool:
        for tier in self.tiers:
            tier.payoff.reconsider()
        return any(tier.payoff.asks or tier.payoff.fills for tier in self.tiers)

    async def _learn(self, batch: Batch) -> None:
        """Look at a sample: how much of it repeats, and how much a far tier that is left out would answer."""
        if self._repeats is None:
            return
        rows = sampled(batch)
        new = self._repeats.count(self._recipe.keys(batch.take(rows)) if len(rows) else ())
        for tier in self.tiers:
            if tier.origin is Origin.L2 and not tier.payoff.asks:
                await tier.look_up(new)

    async def _through_tiers(self, batch: Batch) -> Predictions:
        began = time.perf_counter()
        keys = self._recipe.keys(batch)
        # Of instances that are equal the last is computed, as good as any.
        rows = {key: row for row, key in enumerate(keys)}
        found = await self._look_up(list(rows), instances=len(keys), keying_s=time.perf_counter() - began)
        missing = [key for key in rows if key not in found] if found else list(rows)
        fresh = Predictions({})
        if missing:
            called_at_us = int(self._clock() * 1e6)
            fresh = await self._model.divided(batch.take([rows[key] for key in missing]))
            await self._fill(missing, fresh, called_at_us)
        known = decoded([entry.body for entry, _ in found.values()]) if found else Predictions({})
        self._count(keys, found, missed=len(missing))
        place = {key: number for number, key in enumerate((*found, *missing))}
        return joined_predictions([known, fresh]).take([place[key] for key in keys])

    async def _look_up(self, keys: Sequence[Key], *, instances: int, keying_s: float) -> dict[Key, Landed]:
        """Ask tier after tier for what is still missing, and copy what a far one has into the nearer ones."""
        found: dict[Key, Landed] = {}
        for number, tier in enumerate(self.tiers):
            missing = [key for key in keys if key not in found] if found else keys
            if not missing or not tier.payoff.asks:
                continue
            # Making the keys is part of what the first tier costs: nobody else needs them.
            entries = await (tier.look_up(missing) if number else tier.look_up(missing, also_s=keying_s, of=instances))
            entries = {key: entry for key, entry in entries.items() if NULL not in entry.body}
            for near in self.tiers[:number]:
                if entries and near.payoff.fills:
                    await near.cache.put_many(entries)
            found |= {key: (entry, tier.origin) for key, entry in entries.items()}
            if entries and self._cost.row_s is None:  # who computed them knows what the model costs
                self._cost.count(rows=len(entries), seconds=sum(entry.cost_us for entry in entries.values()) / 1e6)
        return found

    async def _fill(self, keys: Sequence[Key], fresh: Predictions, called_at_us: int) -> None:
        """Store what the model answered, the far tier first: dying between the two leaves it ahead, never behind."""
        filled = [tier for tier in reversed(self.tiers) if tier.payoff.fills]
        if not filled:
            return
        began = time.perf_counter()
        cost_us = int((self._cost.row_s or 0.0) * 1e6)
        entries = {key: Entry(body, called_at_us, cost_us) for key, body in zip(keys, fresh.encode(), strict=True)}
        encoding_s = (time.perf_counter() - began) / len(filled)
        for tier in filled:
            await tier.fill(entries, also_s=encoding_s)

    def _count(self, keys: Sequence[Key], found: Mapping[Key, Landed], *, missed: int) -> None:
        """Count instances: of those that are equal and were computed, one is a miss and the others joined it."""
        origins = [found[key][1] for key in keys if key in found] if found else []
        l1 = origins.count(Origin.L1)
        self.tally.count_answer(l1=l1, l2=len(origins) - l1, missed=missed, coalesced=len(keys) - len(origins) - missed)
