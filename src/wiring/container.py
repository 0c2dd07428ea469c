"""How the service is put together: the only place that names a port and its adapter together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from foreseen.adapters.cache.adaptive.adaptive_cache import WorthwhileCache
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.memory.process_purge import ProcessPurge
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.leases.lease_table import RedisLeaseTable
from foreseen.adapters.cache.redis.leases.leases import RedisLeases
from foreseen.adapters.cache.redis.leases.pushes import RedisPushes
from foreseen.adapters.cache.redis.purges.purge_listener import RedisPurgeListener
from foreseen.adapters.cache.redis.purges.purge_request import RedisProcesses
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.connect_servers import connect_servers
from foreseen.adapters.cache.wrappers.awaitable_writes import FencedCache
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.adapters.cache.wrappers.metered import TimedCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.adapters.cache.wrappers.write_behind import WriteBehindCache
from foreseen.adapters.predictor.releasable import ClosablePredictor
from foreseen.adapters.predictor.subprocess.bulk_process_predictor import BulkProcessPredictor
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.counters import CORRUPT, CORRUPTIONS, DROPPED, OUTAGE, OUTAGES, Tally
from foreseen.domain.identity.entry import EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Predictor
from foreseen.domain.predict import Predict
from foreseen.domain.purging import Processes, Purge
from foreseen.settings import Settings, password_reader
from foreseen.wiring.injection import containers, providers
from foreseen.wiring.model_loading import free_unused_code, load_model, start_model
from foreseen.wiring.use_cases import wire_predict

if TYPE_CHECKING:
    from foreseen.adapters.cache.redis.servers.servers_port import Servers
    from foreseen.adapters.predictor.subprocess.parent import ModelProcess

REDIS_TIMEOUT_S = 5.0
"""Seconds for connecting to Redis and for each read; what a request waits is the guard's budget."""


class Container(containers.DeclarativeContainer):
    """How the service is put together; each line is one decision."""

    settings = providers.Dependency(instance_of=Settings)
    given = settings.provided
    # Where a process counts: in a row of its own, unless it is given one that others read as well.
    counts: providers.Provider[Any] = providers.Dependency(default=providers.Object(None))
    tally = providers.Singleton(Tally, counts)

    lifetime = providers.Singleton(Lifetime, given.ttl)
    secret = providers.Callable(lambda secret: secret.get_secret_value().encode(), given.redis_secret)
    entry_format = providers.Singleton(EntryFormat, secret)
    # What reaches Redis, in the way of `redis_mode`; every client of it logs in in the same way.
    servers = providers.Singleton(
        connect_servers,
        given.redis_url,
        mode=given.redis_mode,
        budget_s=given.redis_timeout,
        timeout_s=REDIS_TIMEOUT_S,
        max_connections=given.redis_max_connections,
        user=given.redis_user,
        read_password=providers.Callable(password_reader, given.redis_password_file),
    )
    redis = providers.Singleton(
        RedisCache, servers, model_name=given.model_name, lifetime=lifetime, entry_format=entry_format
    )

    l1 = providers.Singleton(
        LruCache, max_entries=given.lru_max_entries, max_bytes=given.lru_max_bytes, lifetime=lifetime
    )
    fenced = providers.Singleton(FencedCache, redis)
    timed = providers.Singleton(TimedCache, fenced, tally)
    # Who scores a file waits for its writes: what is dropped here would be computed again next time.
    far = providers.Singleton(WriteBehindCache, timed, lifetime=lifetime)
    l2 = providers.Singleton(GuardedCache, far, budget_s=given.redis_timeout)
    worthwhile = providers.Singleton(WorthwhileCache, l2)
    asked = providers.Selector(given.redis_lookups, adaptive=worthwhile, always=l2)
    tiered = providers.Singleton(TieredCache, l1, asked)
    cache = providers.Selector(given.tiers, none=providers.Singleton(NoCache), lru=l1, redis=asked, tiered=tiered)
    no_tier: providers.Provider[Any] = providers.Object(None)
    slower_tiers = providers.Selector(
        given.tiers, none=no_tier, lru=no_tier, redis=asked, tiered=tiered.provided.slower_tiers
    )
    # What has to be opened before the cache is used, and closed after.
    nothing = providers.Object(nullcontext())
    resources = providers.Selector(given.tiers, none=nothing, lru=nothing, redis=asked, tiered=asked)

    redis_leases = providers.Singleton(
        RedisLeases,
        providers.Singleton(RedisLeaseTable, servers, model_name=given.model_name, lease_s=given.lease),
        providers.Singleton(RedisPushes, servers, model_name=given.model_name),
        lease_s=given.lease,
        kept_above_s=given.lease_min_cost,
        budget_s=given.redis_timeout,
        lifetime=lifetime,
        entry_format=entry_format,
    )
    alone: providers.Provider[Any] = providers.Object(None)
    leases = providers.Selector(given.tiers, none=alone, lru=alone, redis=redis_leases, tiered=redis_leases)

    model_process = providers.Singleton(start_model, settings)
    predictor_there = providers.Singleton(ProcessPredictor, model_process, limit_s=given.model_timeout)
    predictor_here = providers.Singleton(load_model, settings)
    predictor_in_thread = providers.Singleton(ClosablePredictor, predictor_here)
    predictor = providers.Selector(given.model_isolation, process=predictor_there, thread=predictor_in_thread)
    model_thread = providers.Singleton(ModelThread)
    predict = providers.Singleton(
        wire_predict,
        predictor,
        cache,
        model_thread,
        slower_tiers=slower_tiers,
        tally=tally,
        leases=leases,
        lease_min_cost_s=given.lease_min_cost,
        max_waiting=given.max_waiting,
        lifetime=lifetime,
    )

    inventory = providers.Singleton(RedisInventory, servers)
    # What a purge waits for here: writes that began before it.
    writes = providers.List(fenced.provided.drained, redis_leases.provided.drained)
    purge_here = providers.Selector(
        given.tiers,
        none=providers.Singleton(ProcessPurge, lifetime, None),
        lru=providers.Singleton(ProcessPurge, lifetime, l1),
        redis=providers.Singleton(ProcessPurge, lifetime, None, writes),
        tiered=providers.Singleton(ProcessPurge, lifetime, l1, writes),
    )
    redis_processes = providers.Singleton(RedisProcesses, servers)
    purge_listener = providers.Singleton(RedisPurgeListener, servers, purge_here, model_name=given.model_name)
    purges = providers.Selector(given.tiers, none=nothing, lru=nothing, redis=purge_listener, tiered=purge_listener)


def purge_of(container: Container, siblings: Processes | None = None) -> Purge:
    """Return what purges every tier of every process, this one too.

    Args:
        siblings: processes of this service, for where Redis does not reach them.
    """
    here: Processes = container.purge_here()
    ways = [siblings] if siblings is not None else []
    if container.settings().tiers not in ("redis", "tiered"):
        return Purge(ways, None, here=here)
    return Purge([container.redis_processes(), *ways], container.inventory(), here=here)


def purge_of_others(container: Container) -> Purge:
    """Return what purges Redis and every process that shares it, for one that holds nothing itself."""
    return Purge([container.redis_processes()], container.inventory())


class Instruments(NamedTuple):
    """What can be read of the parts of a container at any time, without waiting.

    Attributes:
        gauges: what is so now, by name; of what this kind of cache has.
        counters: what a part counts by itself from when it was made, by the place that a tally has for it.
    """

    gauges: Mapping[str, Callable[[], float]]
    counters: Mapping[int, Callable[[], float]]


class SharedCache(NamedTuple):
    """How the tier that all replicas share is, for this process.

    Attributes:
        disabled_by: why it is disabled; empty while it is in use.
        outages: how often it was disabled since the start, or a node of it by itself.
    """

    is_in_use: bool
    disabled_by: str
    outages: int


def instruments(container: Container) -> Instruments:
    """Give what tells how full its tiers and queues are."""
    predict: Predict = container.predict()
    gauges: dict[str, Callable[[], float]] = {"model_waiting_instances": lambda: predict.waiting}
    counters: dict[int, Callable[[], float]] = {}
    used = container.settings().tiers
    if used in ("lru", "tiered"):
        l1: LruCache = container.l1()
        gauges |= {"l1_entries": lambda: l1.entries, "l1_bytes": lambda: l1.size_bytes}
    if used in ("redis", "tiered"):
        l2: GuardedCache = container.l2()
        far: WriteBehindCache = container.far()
        redis: RedisCache = container.redis()
        leases: RedisLeases = container.redis_leases()
        servers: Servers = container.servers()
        gauges |= {"l2_in_use": lambda: l2.is_in_use, "l2_disabled_nodes": lambda: servers.disabled_nodes}
        gauges["l2_waiting_entries"] = lambda: len(far)
        if container.settings().redis_lookups == "adaptive":
            worthwhile: WorthwhileCache = container.worthwhile()
            gauges["l2_asked_share"] = lambda: worthwhile.asked_share
        counters |= {DROPPED: lambda: far.dropped}
        for place, what in enumerate(CORRUPTIONS, start=CORRUPT):
            counters[place] = partial(lambda what: redis.corruptions[what] + leases.corruptions[what], what)
        for place, kind in enumerate(OUTAGES, start=OUTAGE):
            counters[place] = partial(lambda kind: l2.outages[kind] + servers.outages[kind], kind)
    return Instruments(gauges, counters)


def shared_cache(container: Container) -> Callable[[], SharedCache] | None:
    """Give what tells how the shared cache is; None where there is none."""
    if container.settings().tiers not in ("redis", "tiered"):
        return None
    l2: GuardedCache = container.l2()
    servers: Servers = container.servers()
    return lambda: SharedCache(l2.is_in_use, l2.disabled_by, l2.outages.total() + servers.outages.total())


@asynccontextmanager
async def opened(container: Container) -> AsyncIterator[Predict]:
    """Give the use case with everything it needs open, and close that afterwards, in the opposite order."""
    async with AsyncExitStack() as stack:
        after_the_thread = await stack.enter_async_context(AsyncExitStack())
        thread: ModelThread = container.model_thread()
        stack.push_async_callback(_closed, thread)
        resources: AbstractAsyncContextManager[Any] = container.resources()
        await stack.enter_async_context(resources)
        purges: AbstractAsyncContextManager[Any] = container.purges()
        await stack.enter_async_context(purges)
        leases: AbstractAsyncContextManager[Any] | None = container.leases()
        if leases is not None:
            await stack.enter_async_context(leases)
        predict: Predict = container.predict()
        after_the_thread.push_async_callback(_ended, predict.predictor)
        stack.push_async_callback(predict.finish)
        yield predict


SHARED: Final = (
    "tally",
    "lifetime",
    "l1",
    "servers",
    "redis",
    "far",
    "l2",
    "worthwhile",
    "tiered",
    "redis_leases",
    "resources",
    "purge_here",
    "redis_processes",
)
"""What does not depend on the model, and holds on to something: caches, connections, counts."""


def renewed(container: Container) -> Container:
    """Wire the model as its file is now to the same caches and counts, and begin to load it; off the event loop.

    What a container has open stays open.
    """
    new = Container(settings=container.settings())
    for name in SHARED:
        shared = getattr(container, name)
        # A provider of its own each, all of which ask the first container: providers know what they override and are
        # overridden by, and one that many have in common would keep all their containers, with their models.
        asked = shared.last_overriding.provides if shared.overridden else shared.__call__
        getattr(new, name).override(providers.Callable(asked))
    if new.settings().model_isolation == "process":
        new.model_process()
    return new


def stop_loading(container: Container) -> None:
    """Kill the process that a renewed container's model is loaded in, for good; a load in this one cannot be ended."""
    if container.settings().model_isolation == "process":
        process: ModelProcess = container.model_process()
        process.abandon()


async def retired(container: Container) -> None:
    """End a model that nobody asks any more: let its last calls end, then its thread and its process."""
    predict: Predict = container.predict()
    await predict.finish()
    await asyncio.to_thread(container.model_thread().close)
    await asyncio.to_thread(end_model, predict.predictor)
    container.predictor_here.reset()  # which would keep it as well
    if container.settings().model_isolation == "thread":
        await asyncio.to_thread(free_unused_code)


def unready(container: Container) -> str:
    """Say why the model could not be asked now; nothing if it could."""
    predictor: Predictor = container.predictor()
    if isinstance(predictor, ProcessPredictor):
        return predictor.unready()
    thread: ModelThread = container.model_thread()
    limit_s = container.settings().model_timeout
    if thread.busy_s <= limit_s:
        return ""
    return f"the model has not answered within {limit_s:g} s (model_timeout), and a thread cannot be ended"


def give_up(container: Container, reason: str) -> None:
    """Fail whoever waits for the model, now and from now on, and kill its process; called on the event loop."""
    thread: ModelThread = container.model_thread()
    thread.give_up(reason)
    abandon_model(container)


def abandon_model(container: Container) -> None:
    """Kill the process that the model is in, for good, if it has one of its own."""
    predictor: Predictor = container.predictor()
    if isinstance(predictor, ProcessPredictor | BulkProcessPredictor):
        predictor.abandon()


async def _closed(thread: ModelThread) -> None:
    """End a thread, waiting beside the event loop for the call of a run that failed or was stopped."""
    if thread.busy_s:
        await asyncio.to_thread(thread.close)
    else:
        thread.close()


async def _ended(predictor: Predictor) -> None:
    """End a model as `end_model` does; a process is waited for beside the event loop."""
    if isinstance(predictor, ProcessPredictor | BulkProcessPredictor):
        await asyncio.to_thread(predictor.close)
    else:
        end_model(predictor)


def end_model(predictor: Predictor) -> None:
    """End the process that the model is in, or let go of its memory in this one."""
    if isinstance(predictor, ProcessPredictor | BulkProcessPredictor | ClosablePredictor):
        predictor.close()
