"""The service around one model: how it is wired, opened and purged."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from foreseen.adapters.cache.memory.shared_bytes import SharedBytes
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.counters import Numbers
from foreseen.domain.flights.placed_calls import BREAK_EVEN_CALLS
from foreseen.domain.model.engine_use import EngineUse
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.domain.predict import Predict
from foreseen.domain.purging import Processes, Purge
from foreseen.settings import Settings
from foreseen.wiring.caches import Caches
from foreseen.wiring.container import wire_caches
from foreseen.wiring.model_on_loop import AFTER_RELOAD, ModelOnLoop, may_run_on_loop
from foreseen.wiring.predictors import close_off_the_loop, engine_switch_of
from foreseen.wiring.use_cases import wire_predict

__all__ = [
    "Service",
    "SharedBytes",
    "WiredModel",
    "opened",
    "opened_parts",
    "purge_of",
    "rewire",
    "shared_l1",
    "wire_service",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredModel:
    """One model with its thread and caches, around which a use case is wired.

    Attributes:
        settings: those for this model: without a cache if its answers are not repeatable.
        model_thread: calls the model.
        caches: in a service, the same for the models before and after a reload.
    """

    settings: Settings
    predictor: Predictor
    model_thread: ModelThread
    caches: Caches


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(WiredModel):
    """The use case of requests around one model, ready to be opened.

    Attributes:
        on_loop: calls the model in this process if that costs less; None if all calls run in one place.
    """

    predict: Predict
    on_loop: ModelOnLoop | None = None

    @property
    def model_engine(self) -> str:
        """What computes the answers now, in words."""
        switch = engine_switch_of(self.predictor)
        if switch is None or switch.is_on:
            return str(self.predictor.info.engine)
        return str(EngineUse(reason=f"the engine is off: {switch.difference}"))

    @property
    def model_runs(self) -> str:
        """Where the model runs now, in words."""
        if self.on_loop is not None:
            return str(self.on_loop.placement)
        is_apart = isinstance(self.predictor, ProcessPredictor)
        return "in a process of its own" if is_apart else "in a thread of the serving process"


def wire_service(
    settings: Settings,
    predictor: Predictor,
    *,
    counts: Numbers | None = None,
    servers: Servers | None = None,
    shared_bytes: SharedBytes | None = None,
    clock: Callable[[], float] = time.time,
    stopwatch: Callable[[], float] = time.perf_counter,
) -> Service:
    """Wire a loaded model to caches of its own.

    Args:
        counts: where this process counts; by default a row of its own.
        servers: used instead of those that the settings describe.
        shared_bytes: the bound of the L1 of several models; None for a single one.
        clock: returns seconds since 1970.
        stopwatch: measures the model's time in seconds.
    """
    caches = wire_caches(settings, "requests", counts=counts, servers=servers, clock=clock, shared_bytes=shared_bytes)
    return _around(settings, predictor, caches, clock=clock, stopwatch=stopwatch)


def shared_l1(settings: Settings) -> SharedBytes:
    """Return the bound of memory that the L1 of several models have together."""
    return SharedBytes(settings.lru_max_bytes)


def rewire(previous: Service, settings: Settings, predictor: Predictor) -> Service:
    """Wire another model to the caches and counts of the previous service, whose connections stay open.

    Args:
        settings: those of the previous service, or the same without a cache.
    """
    caches = previous.caches if settings.tiers.has_any else previous.caches.disabled()
    was_here = previous.on_loop is not None and previous.on_loop.has_loaded
    return _around(settings, predictor, caches, calls_before_loop=AFTER_RELOAD if was_here else BREAK_EVEN_CALLS)


def _around(
    settings: Settings,
    predictor: Predictor,
    caches: Caches,
    *,
    clock: Callable[[], float] = time.time,
    stopwatch: Callable[[], float] = time.perf_counter,
    calls_before_loop: int = BREAK_EVEN_CALLS,
) -> Service:
    thread = ModelThread()
    on_loop = None
    if isinstance(predictor, ProcessPredictor) and may_run_on_loop(settings, predictor.info):
        on_loop = ModelOnLoop(settings, predictor, thread, after=calls_before_loop)
    adaptive = caches.l2.adaptive if caches.l2 is not None else None
    predict = wire_predict(
        predictor,
        caches.cache,
        thread,
        slower_tiers=caches.slower_tiers,
        bypasses=None if adaptive is None else adaptive.bypasses,
        tally=caches.tally,
        leases=caches.l2.leases if caches.l2 is not None else None,
        lease_min_cost_s=settings.lease_min_cost,
        max_waiting=settings.max_waiting,
        lifetime=caches.lifetime,
        clock=clock,
        stopwatch=stopwatch,
        on_loop=on_loop,
    )
    return Service(
        settings=settings,
        predictor=predictor,
        model_thread=thread,
        predict=predict,
        caches=caches,
        on_loop=on_loop,
    )


@asynccontextmanager
async def opened(service: Service) -> AsyncIterator[Predict]:
    """Yield the use case with everything it needs open, and close that afterwards, in the opposite order."""
    async with opened_parts(service):
        try:
            yield service.predict
        finally:
            await service.predict.finish()
            if service.on_loop is not None:
                await service.on_loop.close()


@asynccontextmanager
async def opened_parts(model: WiredModel) -> AsyncIterator[None]:
    """Open what a use case needs, and close it afterwards, in the opposite order."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(close_off_the_loop, model.predictor)
        stack.push_async_callback(_closed, model.model_thread)
        if (l2 := model.caches.l2) is not None:
            await stack.enter_async_context(l2.cache)
            await stack.enter_async_context(l2.purge_listener)
            await stack.enter_async_context(l2.leases)
        yield


def purge_of(service: Service, siblings: Processes | None = None) -> Purge:
    """Return what purges every tier of every process, including this one.

    Args:
        siblings: the processes of this service, which are reached without Redis.
    """
    ways = [siblings] if siblings is not None else []
    here, l2 = service.caches.purge_here, service.caches.l2
    if l2 is None:
        return Purge(ways, None, here=here)
    return Purge([l2.processes, *ways], l2.inventory, here=here)


async def _closed(thread: ModelThread) -> None:
    """End a thread; wait off the event loop for a call that a failed or stopped run has left."""
    if thread.busy_s:
        await asyncio.to_thread(thread.close)
    else:
        thread.close()
