"""How scoring a file is put together, where that differs from a service."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foreseen.adapters.cache.redis.free_memory import RedisRoom
from foreseen.adapters.cache.wrappers.room_limited import SparingCache
from foreseen.adapters.predictor.subprocess.bulk_process_predictor import BulkProcessPredictor
from foreseen.adapters.tabular.encoders import table_encoder
from foreseen.adapters.tabular.frames.frame_scoring import answers_of, frame_reader, kept_of_frame
from foreseen.adapters.tabular.frames.recognise_rows import given_rows
from foreseen.adapters.tabular.open_tables import opened_tables
from foreseen.domain.answer import Origin
from foreseen.domain.bulk.bulk import Tier
from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.bulk.tier_payoff import Always, FarPays, NearPays
from foreseen.domain.model.call_size import CallsFor, CallSize
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Cache
from foreseen.domain.tables.notices import RunNotices
from foreseen.settings import Settings
from foreseen.wiring.container import Container
from foreseen.wiring.injection import providers
from foreseen.wiring.model_loading import start_model_for_files
from foreseen.wiring.use_cases import wire_predict

if TYPE_CHECKING:
    from foreseen.adapters.predictor.subprocess.parent import ModelProcess


class ScoringContainer(Container):
    """What is read and written beside what a service has; apart, since Arrow and pandas would slow its start."""

    info = Container.predictor.provided.info
    notices = providers.Singleton(RunNotices)
    # Tables take their files when they are made, and their formats from those.
    tables = providers.Callable(opened_tables, signature=info.signature, notices=notices.provided.reading)
    table_encoder = providers.Callable(
        table_encoder,
        outputs=info.outputs,
        fingerprint=info.fingerprint,
        signature=info.signature,
        notices=notices.provided.writing,
    )
    # What Python code gives and is given.
    given_rows = providers.Callable(given_rows, signature=info.signature)
    frame_reader = providers.Callable(frame_reader, signature=info.signature)
    kept_of_frame = providers.Callable(kept_of_frame, outputs=info.outputs)
    answers = providers.Callable(answers_of, outputs=info.outputs, signature=info.signature)


def left_out(container: Container) -> int:
    """Tell how many predictions the shared cache had no room for."""
    far: Any = container.far()
    return int(far.left_out)


def calls_at_once(jobs: int | None, *, is_thread_safe: bool) -> int:
    """Give how many calls of the model run side by side: as told, else one a core where it may be called so."""
    return jobs or (len(os.sched_getaffinity(0)) if is_thread_safe else 1)


def tiers_of(
    kind: str, near: Cache, far: Cache, cost: ModelCost, repeats: Repeats | None, *, calls_at_once: int
) -> Sequence[Tier]:
    """Give the tiers of a kind of cache, near to far: each asked always, or where it pays if repeats are told of."""
    made = []
    if kind in ("lru", "tiered"):
        near_payoff = Always() if repeats is None else NearPays(cost, repeats, calls_at_once=calls_at_once)
        made.append(Tier(near, Origin.L1, near_payoff))
    if kind in ("redis", "tiered"):
        far_payoff = Always() if repeats is None else FarPays(cost, calls_at_once=calls_at_once)
        made.append(Tier(far, Origin.L2, far_payoff))
    return made


def scoring_container(
    settings: Settings,
    *,
    jobs: int | None = None,
    is_auto: bool = False,
    calls_for: CallsFor = "files",
    decided: CallSize | None = None,
    process: "ModelProcess | None" = None,
) -> ScoringContainer:
    """Put a container together whose use case answers batches of thousands.

    Args:
        jobs: calls of the model side by side; None for as many as it may be called with.
        is_auto: whether each tier is asked and filled only where that pays.
        calls_for: what the model is called for.
        decided: how it is called, as was decided where the run was started; None to decide it here.
        process: one that loads the model by now; None to start it when it is needed.
    """
    container = ScoringContainer(settings=settings)
    # Who scores a file waits for its writes: what is dropped here would be computed again next time. And what is
    # written tonight is found tomorrow, by whoever serves: whether that paid tonight says nothing.
    container.servers.add_kwargs(is_scan=True)
    container.far.override(
        providers.Singleton(SparingCache, container.timed, providers.Singleton(RedisRoom, container.servers))
    )
    container.asked.override(container.l2)
    # A model that ends its process ends no run: another process is started, and the row is found.
    begun = (
        providers.Singleton(start_model_for_files, settings, jobs=jobs, calls_for=calls_for, decided=decided)
        if process is None
        else process
    )
    container.model_process.override(begun)
    there = providers.Singleton(BulkProcessPredictor, container.model_process)
    container.predictor.override(
        providers.Selector(container.settings.provided.model_isolation, process=there, thread=container.predictor_here)
    )
    at_once = providers.Singleton(calls_at_once, jobs, is_thread_safe=container.predictor.provided.info.is_thread_safe)
    container.predictor_here.add_kwargs(calls_for=calls_for, decided=decided)
    container.model_thread.override(providers.Singleton(ModelThread, at_once))
    cost = providers.Object(ModelCost())
    repeats = providers.Object(Repeats(settings.lru_max_entries) if is_auto and settings.tiers != "none" else None)
    # What is so when the use case is made: a model that contradicts itself is asked without any tier.
    tiers = providers.Singleton(
        tiers_of, container.settings.provided.tiers, container.l1, container.l2, cost, repeats, calls_at_once=at_once
    )
    container.predict.override(
        providers.Singleton(
            wire_predict,
            container.predictor,
            container.cache,
            container.model_thread,
            slower_tiers=container.slower_tiers,
            tally=container.tally,
            tiers=tiers,
            repeats=repeats,
            cost=cost,
        )
    )
    return container


def reading_container(settings: Settings, info: ModelInfo) -> ScoringContainer:
    """Put a container together that reads tables for a model that is loaded elsewhere."""
    container = ScoringContainer(settings=settings)
    container.predictor.override(providers.Object(_Elsewhere(info)))
    return container


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """What is known of a model that is not here."""

    info: ModelInfo
