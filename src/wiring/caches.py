"""What a service or a run has of caches: typed, built once, and the same for one model after another."""

from dataclasses import dataclass, replace

from foreseen.adapters.cache.adaptive.adaptive_cache import WorthwhileCache
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
from foreseen.adapters.cache.wrappers.room_limited import SparingCache
from foreseen.adapters.cache.wrappers.write_behind import WriteBehindCache
from foreseen.domain.counters import Tally
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.ports import Cache, Lookup


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisTier:
    """The tier that all replicas share, and what they do with each other through it.

    Attributes:
        cache: as requests use it: the guard, or what judges whether that is worth a lookup.
        guard: disables the tier while it is unreachable or too slow.
        adaptive: judges whether a lookup is worth its time; None where each is made.
        write_behind: writes after the answer; None where a run waits for its writes.
        room_limited: writes only what there is room for; None in a service.
        redis: the cache at the bottom of these.
        leases: who computes what.
        inventory: what an operator may see and remove.
        processes: the others, for purges.
        purge_listener: hears of purges by others.
    """

    cache: GuardedCache | WorthwhileCache
    guard: GuardedCache
    adaptive: WorthwhileCache | None
    write_behind: WriteBehindCache | None
    room_limited: SparingCache | None
    redis: RedisCache
    servers: Servers
    leases: RedisLeases
    inventory: RedisInventory
    processes: RedisProcesses
    purge_listener: RedisPurgeListener


@dataclass(frozen=True, slots=True, kw_only=True)
class Caches:
    """All that holds on to something and does not depend on the model: what a reload hands to the next service.

    Attributes:
        cache: all tiers as one.
        slower_tiers: the cache without L1; None where L1 is all there is.
        l1: the tier of this process; None where there is none.
        l2: the tier that all replicas share; None where there is none.
        purge_here: purges this process.
    """

    tally: Tally
    lifetime: Lifetime
    cache: Cache
    slower_tiers: Lookup | None
    l1: LruCache | None
    l2: RedisTier | None
    purge_here: ProcessPurge

    def disabled(self) -> "Caches":
        """Return the same for a model whose answers are not to be cached."""
        return replace(self, cache=NoCache(), slower_tiers=None, l1=None, l2=None)
