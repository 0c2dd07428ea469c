"""The caches of a service or a run: typed, built once, and kept across reloads."""

from dataclasses import dataclass, replace

from foreseen.adapters.cache.adaptive.adaptive_cache import AdaptiveCache
from foreseen.adapters.cache.adaptive.adaptive_l1 import AdaptiveL1
from foreseen.adapters.cache.memory.lru import LruCache
from foreseen.adapters.cache.memory.no_cache import NoCache
from foreseen.adapters.cache.memory.process_purge import ProcessPurge
from foreseen.adapters.cache.redis.inventory import RedisInventory
from foreseen.adapters.cache.redis.leases.leases import RedisLeases
from foreseen.adapters.cache.redis.purges.purge_listener import RedisPurgeListener
from foreseen.adapters.cache.redis.purges.purge_request import RedisProcesses
from foreseen.adapters.cache.redis.redis_cache import RedisCache
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.adapters.cache.wrappers.guarded import GuardedCache
from foreseen.adapters.cache.wrappers.room_limited import RoomLimitedCache
from foreseen.adapters.cache.wrappers.write_behind import WriteBehindCache
from foreseen.domain.counters import Tally
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.ports import Cache, LocalCache, Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisTier:
    """L2, and what replicas share through it.

    Attributes:
        cache: what requests use: `adaptive`, or `guard` if there is none.
        guard: disables the tier while it is unreachable or too slow.
        adaptive: decides whether a lookup is worth its time; None if every lookup is made.
        write_behind: writes after the answer; None in a run over files, which waits for its writes.
        room_limited: writes only what the servers have free memory for; None in a service.
        redis: the cache that all of these wrap.
        servers: the connections to Redis.
        leases: divide computations among the processes that share the tier.
        inventory: lists and removes entries for an operator.
        processes: reaches the other processes, for purges.
        purge_listener: purges this process when another one asks for it.
    """

    cache: GuardedCache | AdaptiveCache
    guard: GuardedCache
    adaptive: AdaptiveCache | None
    write_behind: WriteBehindCache | None
    room_limited: RoomLimitedCache | None
    redis: RedisCache
    servers: Servers
    leases: RedisLeases
    inventory: RedisInventory
    processes: RedisProcesses
    purge_listener: RedisPurgeListener


@dataclass(frozen=True, slots=True, kw_only=True)
class Caches:
    """Everything that holds resources and does not depend on the model: a reload passes it to the next service.

    Attributes:
        cache: all tiers as one.
        slower_tiers: the cache without L1; None if there is no other tier.
        l1: the tier of this process; None if there is none.
        adaptive_l1: the same where it judges whether storing is worth its time; None where everything is stored.
        lru: where the L1 stores, also while `l1` is None since the model's answers must not be cached.
        l2: the tier that all replicas share; None if there is none.
        purge_here: purges this process.
    """

    tally: Tally
    lifetime: Lifetime
    cache: Cache
    slower_tiers: Lookup | None
    l1: LocalCache | None
    adaptive_l1: AdaptiveL1 | None
    lru: LruCache | None
    l2: RedisTier | None
    purge_here: ProcessPurge

    def disabled(self) -> "Caches":
        """Return the same for a model whose answers must not be cached."""
        return replace(self, cache=NoCache(), slower_tiers=None, l1=None, adaptive_l1=None, l2=None)

    def leave_bound(self) -> None:
        """Empty the L1 of a model that has ended, and count it no more among those of several models."""
        if self.lru is not None:
            self.lru.leave_bound()

    def judge_again(self) -> None:
        """Have every tier judge from the start whether it is worth its time, as for another model."""
        for adaptive in (self.adaptive_l1, None if self.l2 is None else self.l2.adaptive):
            if adaptive is not None:
                adaptive.judge_again()
