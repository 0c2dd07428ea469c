"""The service around one model: what everything that serves or scores is given."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.domain.counters import Numbers
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.domain.predict import Predict
from foreseen.domain.purging import Processes, Purge
from foreseen.settings import Settings
from foreseen.wiring.caches import Caches
from foreseen.wiring.container import wire_caches
from foreseen.wiring.predictors import close_beside_the_loop
from foreseen.wiring.use_cases import wire_predict


@dataclass(frozen=True, slots=True, kw_only=True)
class WiredModel:
    """One model with its thread and caches, around which a use case is wired.

    Attributes:
        settings: as they are for this model: without a cache where its answers do not repeat.
        model_thread: where the model is called.
        caches: of a service, shared with those of the models before and after.
    """

    settings: Settings
    predictor: Predictor
    model_thread: ModelThread
    caches: Caches


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(WiredModel):
    """The use case of requests around one model, ready to be opened."""

    predict: Predict


def wire_service(
    settings: Settings,
    predictor: Predictor,
    *,
    counts: Numbers | None = None,
    servers: Servers | None = None,
    clock: Callable[[], float] = time.time,
    stopwatch: Callable[[], float] = time.perf_counter,
) -> Service:
    """Wire a model that is loaded to caches of its own.

    Args:
        counts: where this process counts; a row of its own without.
        servers: what reaches Redis in another way than the settings say.
        clock: tells seconds since 1970.
        stopwatch: measures the model's time in seconds.
    """
    caches = wire_caches(settings, "requests", counts=counts, servers=servers, clock=clock)
    return _around(settings, predictor, caches, clock=clock, stopwatch=stopwatch)


def rewire(previous: Service, settings: Settings, predictor: Predictor) -> Service:
    """Wire another model to the caches and counts of the service before; what that has open stays open.

    Args:
        settings: those of the service before, or the same without a cache.
    """
    caches = previous.caches if settings.tiers.has_any else previous.caches.disabled()
    return _around(settings, predictor, caches)


def _around(
    settings: Settings,
    predictor: Predictor,
    caches: Caches,
    *,
    clock: Callable[[], float] = time.time,
    stopwatch: Callable[[], float] = time.perf_counter,
) -> Service:
    thread = ModelThread()
    predict = wire_predict(
        predictor,
        caches.cache,
        thread,
        slower_tiers=caches.slower_tiers,
        tally=caches.tally,
        leases=caches.l2.leases if caches.l2 is not None else None,
        lease_min_cost_s=settings.lease_min_cost,
        max_waiting=settings.max_waiting,
        lifetime=caches.lifetime,
        clock=clock,
        stopwatch=stopwatch,
    )
    return Service(settings=settings, predictor=predictor, model_thread=thread, predict=predict, caches=caches)


@asynccontextmanager
async def opened(service: Service) -> AsyncIterator[Predict]:
    """Yield the use case with everything it needs open, and close that afterwards, in the opposite order."""
    async with opened_parts(service):
        try:
            yield service.predict
        finally:
            await service.predict.finish()


@asynccontextmanager
async def opened_parts(model: WiredModel) -> AsyncIterator[None]:
    """Open what a use case needs, and close it afterwards, in the opposite order."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(close_beside_the_loop, model.predictor)
        stack.push_async_callback(_closed, model.model_thread)
        if (l2 := model.caches.l2) is not None:
            await stack.enter_async_context(l2.cache)
            await stack.enter_async_context(l2.purge_listener)
            await stack.enter_async_context(l2.leases)
        yield


def purge_of(service: Service, siblings: Processes | None = None) -> Purge:
    """Return what purges every tier of every process, this one too.

    Args:
        siblings: processes of this service, for where Redis does not reach them.
    """
    ways = [siblings] if siblings is not None else []
    here, l2 = service.caches.purge_here, service.caches.l2
    if l2 is None:
        return Purge(ways, None, here=here)
    return Purge([l2.processes, *ways], l2.inventory, here=here)


async def _closed(thread: ModelThread) -> None:
    """End a thread, waiting beside the event loop for the call of a run that failed or was stopped."""
    if thread.busy_s:
        await asyncio.to_thread(thread.close)
    else:
        thread.close()
