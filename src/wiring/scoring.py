"""How a run over files is put together, where that differs from a service."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from foreseen.domain.answer import Origin
from foreseen.domain.bulk.bulk import BulkPredict, Tier
from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.bulk.tier_use import AlwaysUsed, L1Use, L2Use
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.settings import Settings
from foreseen.wiring.caches import Caches
from foreseen.wiring.container import wire_caches
from foreseen.wiring.run_tables import RunTables
from foreseen.wiring.service import WiredModel, opened_parts
from foreseen.wiring.use_cases import wire_bulk_predict


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring(WiredModel):
    """A run over files: the use case of files around one model, and the tables."""

    predict: BulkPredict
    tables: RunTables

    @property
    def at_once(self) -> int:
        """Number of parallel model calls."""
        return self.model_thread.at_once

    @property
    def left_out(self) -> int:
        """How many predictions the shared cache had no room for."""
        l2 = self.caches.l2
        return l2.room_limited.left_out if l2 is not None and l2.room_limited is not None else 0


@asynccontextmanager
async def opened_run(scoring: Scoring) -> AsyncIterator[BulkPredict]:
    """Yield the use case with everything it needs open, and close that afterwards."""
    async with opened_parts(scoring):
        yield scoring.predict


def wire_scoring(
    settings: Settings,
    predictor: Predictor,
    *,
    jobs: int | None = None,
    is_auto: bool = False,
    tables: RunTables | None = None,
) -> Scoring:
    """Wire a model that is loaded to caches for batches of thousands.

    Args:
        jobs: number of parallel model calls; None for as many as the model allows.
        is_auto: whether each tier is looked up and filled only where that pays.
        tables: those of the model, if there are some already; None to make them.
    """
    caches = wire_caches(settings, "files")
    at_once = calls_at_once(jobs, is_thread_safe=predictor.info.is_thread_safe)
    thread, cost = ModelThread(at_once), ModelCost()
    repeats = Repeats(settings.lru_max_entries) if is_auto and settings.tiers.has_any else None
    predict = wire_bulk_predict(
        predictor,
        tiers_of(caches, cost, repeats, calls_at_once=at_once),
        thread,
        tally=caches.tally,
        cost=cost,
        repeats=repeats,
    )
    return Scoring(
        settings=settings,
        predictor=predictor,
        model_thread=thread,
        caches=caches,
        predict=predict,
        tables=RunTables(predictor.info) if tables is None else tables,
    )


def calls_at_once(jobs: int | None, *, is_thread_safe: bool) -> int:
    """Return the number of parallel model calls: `jobs` if given, else one per core if the model is thread-safe."""
    return jobs or (len(os.sched_getaffinity(0)) if is_thread_safe else 1)


def tiers_of(caches: Caches, cost: ModelCost, repeats: Repeats | None, *, calls_at_once: int) -> Sequence[Tier]:
    """Return the tiers, L1 first. Each is always used or, if repeats are counted, only while it saves time."""
    made = []
    if caches.l1 is not None:
        l1_use = AlwaysUsed() if repeats is None else L1Use(cost, repeats, calls_at_once=calls_at_once)
        made.append(Tier(caches.l1, Origin.L1, l1_use))
    if caches.l2 is not None:
        l2_use = AlwaysUsed() if repeats is None else L2Use(cost, calls_at_once=calls_at_once)
        made.append(Tier(caches.l2.guard, Origin.L2, l2_use))
    return made
