"""How the caches are put together.

Private to this package: others call `wire_caches`, whose result is typed.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from dependency_injector import providers
from dependency_injector.providers import List, Object, Provider, Selector, Singleton

from foreseen.adapters.cache.adaptive.adaptive_cache import AdaptiveCache
from foreseen.adapters.cache.adaptive.adaptive_l1 import AdaptiveL1
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.memory.process_purge import ProcessPurge
from foreseen.adapters.cache.memory.shared_bytes import SharedBytes
from foreseen.adapters.cache.redis.free_memory import RedisFreeMemory
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.leases.lease_table import RedisLeaseTable
from foreseen.adapters.cache.redis.leases.leases import RedisLeases
from foreseen.adapters.cache.redis.leases.pushes import RedisPushes
from foreseen.adapters.cache.redis.purges.purge_listener import RedisPurgeListener
from foreseen.adapters.cache.redis.purges.purge_request import RedisProcesses
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.connect_servers import connect_servers
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.adapters.cache.wrappers.awaitable_writes import AwaitableWritesCache
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.adapters.cache.wrappers.metered import MeteredCache
from foreseen.adapters.cache.wrappers.room_limited import RoomLimitedCache
from foreseen.adapters.cache.wrappers.tiered import TieredCache
from foreseen.adapters.cache.wrappers.write_behind import WriteBehindCache
from foreseen.domain.counters import Numbers, Tally
from foreseen.domain.identity.entry import EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.ports import Cache, LocalCache, Lookup
from foreseen.settings import Settings, password_reader
from foreseen.wiring.caches import Caches, RedisTier

REDIS_TIMEOUT_S: Final = 5.0
"""Seconds for connecting to Redis and for each read. Requests wait only for the guard's budget."""

NOTHING: Final[Provider[None]] = Object(None)

Purpose = Literal["requests", "files"]
"""What caches are used for: answers to requests, or batches of thousands."""


def as_one(l1: Cache | None, l2: Cache | None) -> Cache:
    """Return the given tiers as one cache."""
    if l1 is None:
        return NoCache() if l2 is None else l2
    return l1 if l2 is None else TieredCache(l1, l2)


def behind_l1(cache: Cache, l2: Cache | None) -> Lookup | None:
    """Return the cache in which keys that L1 lacks are looked up; None if there is none."""
    return cache.slower_tiers if isinstance(cache, TieredCache) else l2


class RedisProviders:
    """Providers of the parts of L2."""

    def __init__(
        self,
        settings: Settings,
        purpose: Purpose,
        *,
        tally: Provider[Tally],
        lifetime: Provider[Lifetime],
        clock: Callable[[], float],
        servers: Servers | None,
    ) -> None:
        self._model_name = settings.model_name
        self._purpose = Object(purpose)
        # All clients of Redis share these connections, and so log in alike.
        connected = Singleton(
            connect_servers,
            settings.redis_url,
            mode=settings.redis_mode,
            budget_s=settings.redis_timeout,
            timeout_s=REDIS_TIMEOUT_S,
            max_connections=settings.redis_max_connections,
            is_scan=purpose == "files",
            user=settings.redis_user,
            read_password=password_reader(settings.redis_password_file),
        )
        self.servers: Provider[Servers] = connected if servers is None else Object(servers)
        self.entry_format = Singleton(EntryFormat, settings.redis_secret.get_secret_value().encode())
        self.redis = Singleton(
            RedisCache,
            self.servers,
            model_name=settings.model_name,
            lifetime=lifetime,
            entry_format=self.entry_format,
        )
        self._awaitable = Singleton(AwaitableWritesCache, self.redis)
        metered = Singleton(MeteredCache, self._awaitable, tally)
        # A run over files waits for its writes: the next run would have to compute again what was dropped.
        self._write_behind = Singleton(WriteBehindCache, metered, lifetime=lifetime, clock=clock)
        self._room_limited = Singleton(RoomLimitedCache, metered, Singleton(RedisFreeMemory, self.servers))
        writing: Provider[Cache] = Selector(self._purpose, requests=self._write_behind, files=self._room_limited)
        self._guard = Singleton(GuardedCache, writing, budget_s=settings.redis_timeout)
        # A run writes for the services and runs after it: its own hits do not show whether that pays.
        self._adaptive: Provider[AdaptiveCache | None] = Selector(
            self._purpose,
            requests=Selector(
                Object(settings.redis_lookups), adaptive=Singleton(AdaptiveCache, self._guard), always=NOTHING
            ),
            files=NOTHING,
        )
        self._leases = Singleton(
            RedisLeases,
            Singleton(RedisLeaseTable, self.servers, model_name=settings.model_name, lease_s=settings.lease),
            Singleton(RedisPushes, self.servers, model_name=settings.model_name),
            lease_s=settings.lease,
            kept_above_s=settings.lease_min_cost,
            budget_s=settings.redis_timeout,
            lifetime=lifetime,
            entry_format=self.entry_format,
            clock=clock,
        )
        self.inventory = Singleton(RedisInventory, self.servers)
        self.processes = Singleton(RedisProcesses, self.servers)
        # A purge waits for the writes that began before it.
        self.writes = List(self._awaitable.provided.drained, self._leases.provided.drained)

    def tier(self, purge_here: Provider[ProcessPurge]) -> Provider[RedisTier]:
        """Return a provider of the tier, which runs `purge_here` when another process purges."""
        return Singleton(
            RedisTier,
            cache=providers.Callable(
                lambda adaptive, guard: guard if adaptive is None else adaptive, self._adaptive, self._guard
            ),
            guard=self._guard,
            adaptive=self._adaptive,
            write_behind=Selector(self._purpose, requests=self._write_behind, files=NOTHING),
            room_limited=Selector(self._purpose, requests=NOTHING, files=self._room_limited),
            redis=self.redis,
            servers=self.servers,
            leases=self._leases,
            inventory=self.inventory,
            processes=self.processes,
            purge_listener=Singleton(RedisPurgeListener, self.servers, purge_here, model_name=self._model_name),
        )


class Container:
    """Providers of the caches and their parts.

    Does not use `dependency_injector.containers`, which imports every installed web framework that it can inject into
    (docs/adr/0041-a-container-of-providers.md).
    """

    def __init__(
        self,
        settings: Settings,
        purpose: Purpose,
        *,
        counts: Numbers | None = None,
        clock: Callable[[], float] = time.time,
        servers: Servers | None = None,
        shared_bytes: SharedBytes | None = None,
    ) -> None:
        """Declare the providers; each part is built when it is first used.

        Args:
            counts: where this process counts; by default a row of its own.
            clock: returns seconds since 1970.
            servers: used instead of those that the settings describe.
            shared_bytes: the bound of the L1 of several models; None for a single one.
        """
        tiers = settings.tiers
        self.tally = Singleton(Tally, counts)
        self.lifetime = Singleton(Lifetime, settings.ttl)
        self.redis = RedisProviders(
            settings, purpose, tally=self.tally, lifetime=self.lifetime, clock=clock, servers=servers
        )
        lru = Singleton(
            LruCache,
            max_entries=settings.lru_max_entries,
            max_bytes=settings.lru_max_bytes,
            lifetime=self.lifetime,
            clock=clock,
            shared=shared_bytes,
        )
        plain_lru: Provider[LruCache | None] = Selector(Object(tiers.l1), none=NOTHING, lru=lru)
        # A run decides by itself what it stores where.
        adaptive_lru = Selector(Object(purpose), requests=Singleton(AdaptiveL1, lru), files=NOTHING)
        self.adaptive_l1: Provider[AdaptiveL1 | None] = Selector(Object(tiers.l1), none=NOTHING, lru=adaptive_lru)
        self.l1: Provider[LocalCache | None] = providers.Callable(
            lambda adaptive, plain: plain if adaptive is None else adaptive,
            self.adaptive_l1,
            plain_lru,
        )
        writes: Provider[list[Callable[[], Awaitable[None]]]] = Selector(
            Object(tiers.l2), none=List(), redis=self.redis.writes
        )
        purge_here = Singleton(ProcessPurge, self.lifetime, self.l1, writes, clock=clock)
        self.redis_tier = self.redis.tier(purge_here)
        self.l2: Provider[RedisTier | None] = Selector(Object(tiers.l2), none=NOTHING, redis=self.redis_tier)
        l2_cache: Provider[Cache | None] = Selector(
            Object(tiers.l2), none=NOTHING, redis=self.redis_tier.provided.cache
        )
        self.cache = Singleton(as_one, self.l1, l2_cache)
        self.caches = Singleton(
            Caches,
            tally=self.tally,
            lifetime=self.lifetime,
            cache=self.cache,
            slower_tiers=Singleton(behind_l1, self.cache, l2_cache),
            l1=self.l1,
            adaptive_l1=self.adaptive_l1,
            lru=plain_lru,
            l2=self.l2,
            purge_here=purge_here,
        )


def wire_caches(
    settings: Settings,
    purpose: Purpose,
    *,
    counts: Numbers | None = None,
    clock: Callable[[], float] = time.time,
    servers: Servers | None = None,
    shared_bytes: SharedBytes | None = None,
) -> Caches:
    """Build the caches that the settings choose.

    Args:
        counts: where this process counts; by default a row of its own.
        clock: returns seconds since 1970.
        servers: used instead of those that the settings describe.
        shared_bytes: the bound of the L1 of several models; None for a single one.
    """
    return Container(settings, purpose, counts=counts, clock=clock, servers=servers, shared_bytes=shared_bytes).caches()
