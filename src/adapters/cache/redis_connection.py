"""How Redis is reached: every default of redis-py that bites is set, and its errors are ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from foreseen.domain.errors import CacheUnavailableError

PREFIX: Final = "foreseen"
"""What every key begins with."""

LEASE: Final = "lease"
"""Stands in the name of a lease where that of an entry has its namespace, which is hexadecimal."""


def connect_redis(url: str, *, timeout_s: float, max_connections: int) -> redis.asyncio.Redis:
    """Build a client that fails fast; it connects when first used.

    Left to itself, redis-py retries ten times with back-off, which makes a refused port cost seconds a call and a
    frozen server a minute, and its pool raises at its limit instead of waiting for a connection.

    Args:
        url: redis://, rediss:// or unix://, with user, password and database as redis-py reads them.
        timeout_s: of connecting, of a read, a write, and of waiting for a connection, each; RedisWire takes it for all
            of them together. A request's own budget is GuardedCache's matter, and shorter.
        max_connections: of this process.
    """
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        timeout=timeout_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        health_check_interval=30,
        protocol=3,
        decode_responses=False,
        client_name="foreseen",
    )
    return redis.asyncio.Redis.from_pool(pool)


@contextmanager
def redis_errors_translated() -> Iterator[None]:
    """Let redis-py's errors out as CacheUnavailableError."""
    try:
        yield
    except (redis.exceptions.RedisError, OSError, TimeoutError) as exc:
        raise CacheUnavailableError(f"Redis: {str(exc) or type(exc).__name__}") from exc
