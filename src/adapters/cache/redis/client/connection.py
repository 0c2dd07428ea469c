"""Connections to Redis: overrides harmful defaults of redis-py, and translates its errors."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import redis.asyncio
from redis.asyncio.connection import AbstractConnection, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from foreseen.adapters.cache.redis.client.credentials import FileCredentials
from foreseen.adapters.cache.redis.client.error_replies import error_reply_in
from foreseen.adapters.cache.redis.client.reply_limits import BoundedParser
from foreseen.adapters.cache.redis.client.tls_connection import TlsConnection
from foreseen.domain.errors import CacheError, CacheUnavailableError

PREFIX: Final = "foreseen"
"""The beginning of every key."""

LEASE: Final = "lease"
"""Replaces the namespace, which is hexadecimal, in the key of a lease."""

PROBE: Final = "probe"
"""Replaces it in a key that is written by a probe."""

PURGED: Final = "purged"
"""Replaces it in a key that holds when the entries of a model, or of all models, were last purged."""


def connect_redis(
    url: str,
    *,
    timeout_s: float,
    max_connections: int,
    is_scan: bool = False,
    user: str | None = None,
    read_password: Callable[[], str] | None = None,
) -> redis.asyncio.Redis:
    """Build a client that fails fast; it connects when first used. Arguments are those of `redis_options`."""
    options = redis_options(
        url,
        timeout_s=timeout_s,
        max_connections=max_connections,
        is_scan=is_scan,
        user=user,
        read_password=read_password,
    )
    return client_with(options)


def client_with(options: Mapping[str, object]) -> redis.asyncio.Redis:
    """Build a client with options of `redis_options`, some of which may have been replaced."""
    # Its pool passes them on to its connections by name.
    pool: Callable[..., redis.asyncio.BlockingConnectionPool] = redis.asyncio.BlockingConnectionPool
    return redis.asyncio.Redis.from_pool(pool(**options))


def redis_options(
    url: str,
    *,
    timeout_s: float,
    max_connections: int,
    is_scan: bool = False,
    user: str | None = None,
    read_password: Callable[[], str] | None = None,
) -> dict[str, object]:
    """Return the options of a pool of redis-py, with its harmful defaults overridden.

    By default redis-py retries ten times with back-off, so a closed port costs seconds a call and a frozen server a
    minute; its pool raises at its limit instead of waiting for a connection; and it follows maintenance notifications,
    by which a server redirects clients and relaxes their timeouts.

    Args:
        url: redis://, rediss:// or unix://, with user, password, database and TLS options as redis-py reads them; the
            options set here override it.
        timeout_s: limit of connecting, of a read, of a write and of waiting for a connection, in seconds each;
            RedisWire applies it to all of them together. GuardedCache has a shorter budget for a request.
        max_connections: of this process.
        is_scan: whether keys are read once, so that reading must not count as use when the server evicts.
        user: replaces the URL's.
        read_password: returns the password for a new connection; replaces the URL's.
    """
    given: dict[str, object] = dict(parse_url(url))
    if "path" not in given:  # a Unix socket has no such option
        given["socket_keepalive"] = True
    if given.get("connection_class") is SSLConnection:
        given["connection_class"] = TlsConnection
    given |= {
        "max_connections": max_connections,
        "timeout": timeout_s,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_timeout": False,
        "retry_on_error": [],
        "health_check_interval": 30,
        "protocol": 3,
        "parser_class": BoundedParser,
        "decode_responses": False,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "client_name": "foreseen",
        # The library's name and version would cost two commands per connection.
        "driver_info": None,
    }
    if user:
        given["username"] = user
    if read_password is not None:
        given.pop("password", None)
        given["credential_provider"] = FileCredentials(str(given.pop("username", "")), read_password)
    if is_scan:
        given["redis_connect_func"] = _connect_without_touching
    return given


async def _connect_without_touching(connection: AbstractConnection) -> None:
    await connection.on_connect()
    await connection.send_command("CLIENT", "NO-TOUCH", "ON", check_health=False)
    try:
        await connection.read_response()
    except ResponseError:  # a server before Redis 7.2, or an ACL that forbids the command
        return


@contextmanager
def redis_errors_translated() -> Iterator[None]:
    """Raise CacheUnavailableError in place of whatever redis-py raises, also if something other than Redis answers.

    redis-py has many errors of its own, and raises others, such as AttributeError, for a reply that no Redis sends.
    """
    try:
        yield
    except CacheError:
        raise
    except Exception as exc:
        raise unavailable(exc) from exc


def unavailable(exc: BaseException) -> CacheUnavailableError:
    """Return an error with the message of one of redis-py, and advice if there is any."""
    said = str(exc) or type(exc).__name__
    known = error_reply_in(exc)
    if known is None:
        return CacheUnavailableError(f"Redis: {said}")
    code = f"{known.code} " if known.code.isupper() and known.code not in said else ""
    words = f"Redis: {code}{said.rstrip('.')}; {known.advice}"
    return CacheUnavailableError(words, kind=known.code, needs_operator=known.needs_operator)
