"""Instruments: what the parts of a service report at any time, without waiting."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from foreseen.domain.counters import CORRUPT, CORRUPTIONS, DROPPED, OUTAGE, OUTAGES
from foreseen.wiring.caches import Caches, RedisTier
from foreseen.wiring.service import Service


class Instruments(NamedTuple):
    """What the parts of a service show.

    Attributes:
        gauges: current values by name, for the parts that the service has.
        counters: counts kept by the parts themselves, by their place in a tally.
    """

    gauges: Mapping[str, Callable[[], float]]
    counters: Mapping[int, Callable[[], float]]


class SharedCache(NamedTuple):
    """The state of L2 in this process.

    Attributes:
        disabled_by: why it is disabled; empty while it is in use.
        outages: how often it or one of its nodes was disabled since the start.
    """

    is_in_use: bool
    disabled_by: str
    outages: int


def instruments(service: Service) -> Instruments:
    """Return gauges of the tiers and queues, and counters of drops, corrupt entries and outages of L2."""
    predict, l1, l2 = service.predict, service.caches.l1, service.caches.l2
    gauges: dict[str, Callable[[], float]] = {"model_waiting_instances": lambda: predict.waiting}
    if l1 is not None:
        gauges |= {"l1_entries": lambda: l1.entries, "l1_bytes": lambda: l1.size_bytes}
    if l2 is not None:
        gauges |= _gauges_of(l2)
    gauges |= tier_shares(service.caches)
    return Instruments(gauges, {} if l2 is None else _counters_of(l2))


def tier_shares(caches: Caches) -> dict[str, Callable[[], float]]:
    """Return what shows how far each tier is used now, by name, of the tiers that decide it by what they save."""
    shares: dict[str, Callable[[], float]] = {}
    if (adaptive_l1 := caches.adaptive_l1) is not None:
        shares["l1_store_share"] = lambda: adaptive_l1.store_share
    if caches.l2 is not None and (adaptive := caches.l2.adaptive) is not None:
        shares["l2_lookup_share"] = lambda: adaptive.lookup_share
    return shares


def _gauges_of(l2: RedisTier) -> dict[str, Callable[[], float]]:
    guard, servers = l2.guard, l2.servers
    gauges: dict[str, Callable[[], float]] = {
        "l2_in_use": lambda: guard.is_in_use,
        "l2_disabled_nodes": lambda: servers.disabled_nodes,
    }
    if (write_behind := l2.write_behind) is not None:
        gauges["l2_waiting_entries"] = lambda: len(write_behind)
    return gauges


def _counters_of(l2: RedisTier) -> dict[int, Callable[[], float]]:
    guard, servers, redis, leases = l2.guard, l2.servers, l2.redis, l2.leases
    counters: dict[int, Callable[[], float]] = {}
    if (write_behind := l2.write_behind) is not None:
        counters[DROPPED] = lambda: write_behind.dropped
    for place, what in enumerate(CORRUPTIONS, start=CORRUPT):
        counters[place] = partial(lambda what: redis.corruptions[what] + leases.corruptions[what], what)
    for place, kind in enumerate(OUTAGES, start=OUTAGE):
        counters[place] = partial(lambda kind: guard.outages[kind] + servers.outages[kind], kind)
    return counters


def shared_cache(caches: Caches) -> Callable[[], SharedCache] | None:
    """Return what reports the state of L2; None if there is none."""
    if (l2 := caches.l2) is None:
        return None
    guard, servers = l2.guard, l2.servers
    return lambda: SharedCache(guard.is_in_use, guard.disabled_by, guard.outages.total() + servers.outages.total())
