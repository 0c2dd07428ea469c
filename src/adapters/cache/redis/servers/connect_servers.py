"""Builds the servers behind a URL."""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import redis.asyncio

from foreseen.adapters.cache.redis.client.connection import client_with, redis_options
from foreseen.adapters.cache.redis.servers.auto_detected import AutoServers
from foreseen.adapters.cache.redis.servers.cluster import Cluster
from foreseen.adapters.cache.redis.servers.sentinel_connections import Sentinels, primary_options
from foreseen.adapters.cache.redis.servers.sentinel_primary import SentinelPrimary
from foreseen.adapters.cache.redis.servers.server_addresses import places_in
from foreseen.adapters.cache.redis.servers.servers_port import Servers
from foreseen.adapters.cache.redis.servers.single_server import OneServer

Mode: TypeAlias = Literal["auto", "single", "cluster", "sentinel"]


def connect_servers(
    url: str,
    *,
    mode: Mode = "auto",
    budget_s: float,
    timeout_s: float,
    max_connections: int,
    is_scan: bool = False,
    user: str | None = None,
    read_password: Callable[[], str] | None = None,
) -> Servers:
    """Build the servers; they connect when first used.

    Args:
        url: with several hosts, the nodes of a cluster to begin with; with +sentinel, Sentinels.
        mode: auto finds out whether one server answers or a cluster.
        budget_s: the time that a call may cost a request; other arguments are those of `redis_options`, for each
        server.
    """
    places = places_in(url)
    options = redis_options(
        places.url,
        timeout_s=timeout_s,
        max_connections=max_connections,
        is_scan=is_scan,
        user=user,
        read_password=read_password,
    )
    if places.service:
        sentinels = Sentinels(places.addresses, places.service, options)
        return SentinelPrimary(sentinels, *_clients(primary_options(sentinels, options)))
    cluster = Cluster(places.addresses, options, budget_s=budget_s) if places.addresses else None
    if cluster is not None and (mode == "cluster" or len(places.addresses) > 1):
        return cluster
    one = OneServer(*_clients(options))
    return one if mode == "single" else AutoServers(one, cluster)


def _clients(options: Mapping[str, object]) -> tuple[redis.asyncio.Redis, redis.asyncio.Redis]:
    # A listener keeps its connection, so it has a pool apart from that of requests. There are listeners for pushes, for
    # purges, and for the confirmations of a few purges at a time.
    return client_with(options), client_with({**options, "max_connections": 6})
