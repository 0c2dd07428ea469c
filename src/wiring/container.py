"""How the caches are put together: the only place that names the port and its adapters together.

Private to this package: others call `wire_caches`, whose result has types.
"""

import time
from collections.abc import Callable
from typing import Final, Literal

from foreseen.adapters.cache.adaptive.adaptive_cache import WorthwhileCache
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.memory.process_purge import ProcessPurge
from foreseen.adapters.cache.redis.free_memory import RedisRoom
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.leases.lease_table import RedisLeaseTable
from foreseen.adapters.cache.redis.leases.leases import RedisLeases
from foreseen.adapters.cache.redis.leases.pushes import RedisPushes
from foreseen.adapters.cache.redis.purges.purge_listener import RedisPurgeListener
from foreseen.adapters.cache.redis.purges.purge_request import RedisProcesses
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.connect_servers import connect_servers
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.adapters.cache.wrappers.awaitable_writes import FencedCache
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.adapters.cache.wrappers.metered import TimedCache
from foreseen.adapters.cache.wrappers.room_limited import SparingCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.adapters.cache.wrappers.write_behind import WriteBehindCache
from foreseen.domain.counters import Numbers, Tally
from foreseen.domain.identity.entry import EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.ports import Cache, Lookup
from foreseen.settings import Settings, password_reader
from foreseen.wiring.caches import Caches, RedisTier
from foreseen.wiring.injection import containers, providers

REDIS_TIMEOUT_S: Final = 5.0
"""Seconds for connecting to Redis and for each read; what a request waits is the guard's budget."""

Purpose = Literal["requests", "files"]
"""What caches are used for: answers to requests, or batches of thousands."""


def as_one(l1: Cache | None, l2: Cache | None) -> Cache:
    """Return the tiers that there are as one cache."""
    if l1 is None:
        return NoCache() if l2 is None else l2
    return l1 if l2 is None else TieredCache(l1, l2)


def behind_l1(cache: Cache, l2: Cache | None) -> Lookup | None:
    """Return what is left to look up in for keys that L1 is known to miss."""
    return cache.slower_tiers if isinstance(cache, TieredCache) else l2


class Container(containers.DeclarativeContainer):
    """How the caches are put together; each line is one decision."""

    settings = providers.Dependency(instance_of=Settings)
    purpose = providers.Dependency(instance_of=str)
    # Seconds since 1970.
    clock = providers.Object(time.time)
    # Where a process counts: in a row of its own, unless it is given one that others read as well.
    counts: providers.Provider[Numbers | None] = providers.Object(None)

    given = settings.provided
    nothing: providers.Provider[None] = providers.Object(None)
    tally = providers.Singleton(Tally, counts)
    lifetime = providers.Singleton(Lifetime, given.ttl)
    secret = providers.Callable(lambda secret: secret.get_secret_value().encode(), given.redis_secret)
    entry_format = providers.Singleton(EntryFormat, secret)

    lru = providers.Singleton(
        LruCache, max_entries=given.lru_max_entries, max_bytes=given.lru_max_bytes, lifetime=lifetime, clock=clock
    )

    # What reaches Redis, in the way of `redis_mode`; every client of it logs in in the same way.
    servers = providers.Singleton(
        connect_servers,
        given.redis_url,
        mode=given.redis_mode,
        budget_s=given.redis_timeout,
        timeout_s=REDIS_TIMEOUT_S,
        max_connections=given.redis_max_connections,
        is_scan=providers.Selector(purpose, requests=providers.Object(False), files=providers.Object(True)),
        user=given.redis_user,
        read_password=providers.Callable(password_reader, given.redis_password_file),
    )
    redis = providers.Singleton(
        RedisCache, servers, model_name=given.model_name, lifetime=lifetime, entry_format=entry_format
    )
    fenced = providers.Singleton(FencedCache, redis)
    metered = providers.Singleton(TimedCache, fenced, tally)
    # Who scores a file waits for its writes: what is dropped here would be computed again next time.
    write_behind = providers.Singleton(WriteBehindCache, metered, lifetime=lifetime, clock=clock)
    room_limited = providers.Singleton(SparingCache, metered, providers.Singleton(RedisRoom, servers))
    writing = providers.Selector(purpose, requests=write_behind, files=room_limited)
    guard = providers.Singleton(GuardedCache, writing, budget_s=given.redis_timeout)
    # What a run writes, a service finds later: the hits of the run itself do not show whether writing pays.
    adaptive = providers.Selector(
        purpose,
        requests=providers.Selector(
            given.redis_lookups, adaptive=providers.Singleton(WorthwhileCache, guard), always=nothing
        ),
        files=nothing,
    )
    redis_leases = providers.Singleton(
        RedisLeases,
        providers.Singleton(RedisLeaseTable, servers, model_name=given.model_name, lease_s=given.lease),
        providers.Singleton(RedisPushes, servers, model_name=given.model_name),
        lease_s=given.lease,
        kept_above_s=given.lease_min_cost,
        budget_s=given.redis_timeout,
        lifetime=lifetime,
        entry_format=entry_format,
        clock=clock,
    )

    l1 = providers.Selector(given.tiers.l1, none=nothing, lru=lru)
    # What a purge waits for here: writes that began before it.
    writes = providers.List(fenced.provided.drained, redis_leases.provided.drained)
    purge_here = providers.Singleton(
        ProcessPurge,
        lifetime,
        l1,
        providers.Selector(given.tiers.l2, none=providers.List(), redis=writes),
        clock=clock,
    )
    inventory = providers.Singleton(RedisInventory, servers)
    processes = providers.Singleton(RedisProcesses, servers)
    redis_tier = providers.Singleton(
        RedisTier,
        cache=providers.Callable(lambda adaptive, guard: guard if adaptive is None else adaptive, adaptive, guard),
        guard=guard,
        adaptive=adaptive,
        write_behind=providers.Selector(purpose, requests=write_behind, files=nothing),
        room_limited=providers.Selector(purpose, requests=nothing, files=room_limited),
        redis=redis,
        servers=servers,
        leases=redis_leases,
        inventory=inventory,
        processes=processes,
        purge_listener=providers.Singleton(RedisPurgeListener, servers, purge_here, model_name=given.model_name),
    )
    l2 = providers.Selector(given.tiers.l2, none=nothing, redis=redis_tier)
    l2_cache = providers.Selector(given.tiers.l2, none=nothing, redis=redis_tier.provided.cache)
    cache = providers.Singleton(as_one, l1, l2_cache)
    slower_tiers = providers.Singleton(behind_l1, cache, l2_cache)
    caches = providers.Singleton(
        Caches,
        tally=tally,
        lifetime=lifetime,
        cache=cache,
        slower_tiers=slower_tiers,
        l1=l1,
        l2=l2,
        purge_here=purge_here,
    )


def wire_caches(
    settings: Settings,
    purpose: Purpose,
    *,
    counts: Numbers | None = None,
    clock: Callable[[], float] = time.time,
    servers: Servers | None = None,
) -> Caches:
    """Build the caches that the settings choose.

    Args:
        counts: where this process counts; a row of its own without.
        clock: tells seconds since 1970.
        servers: what reaches Redis in another way than the settings say.
    """
    container = Container(settings=settings, purpose=purpose, counts=counts, clock=providers.Object(clock))
    if servers is not None:
        container.servers.override(providers.Object(servers))
    return container.caches()
