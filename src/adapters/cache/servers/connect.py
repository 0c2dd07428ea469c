"""Which servers a URL leads to."""

from collections.abc import Callable
from functools import partial

from foreseen.adapters.cache.redis_connection import connect_redis
from foreseen.adapters.cache.servers.one_server import OneServer
from foreseen.adapters.cache.servers.ports import Servers


def connect_servers(
    url: str,
    *,
    timeout_s: float,
    max_connections: int,
    is_scan: bool = False,
    user: str | None = None,
    read_password: Callable[[], str] | None = None,
) -> Servers:
    """Build what reaches the servers; it connects when first used. Arguments are those of `connect_redis`."""
    connect = partial(connect_redis, url, timeout_s=timeout_s, is_scan=is_scan, user=user, read_password=read_password)
    # Whoever listens keeps their connection: it is none of those that requests wait for.
    return OneServer(connect(max_connections=max_connections), listener=connect(max_connections=1))
