"""How Redis is reached: every default of redis-py that bites is set, and its errors are ours."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import redis.asyncio
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from foreseen.adapters.cache.redis.client.credentials import FileCredentials
from foreseen.adapters.cache.redis.client.error_replies import error_reply_in
from foreseen.adapters.cache.redis.client.reply_limits import BoundedParser
from foreseen.domain.errors import CacheError, CacheUnavailableError

PREFIX: Final = "foreseen"
"""What every key begins with."""

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


def client_with(options: Mapping[str, Any]) -> redis.asyncio.Redis:
    """Build a client with options of `redis_options`, some of which may have been replaced."""
    return redis.asyncio.Redis.from_pool(redis.asyncio.BlockingConnectionPool(**options))


def redis_options(
    url: str,
    *,
    timeout_s: float,
    max_connections: int,
    is_scan: bool = False,
    user: str | None = None,
    read_password: Callable[[], str] | None = None,
) -> dict[str, Any]:
    """Return the options of a pool of redis-py, every default of it that bites set.

    By default redis-py retries ten times with back-off, so a closed port costs seconds a call and a frozen server a
    minute; its pool raises at its limit instead of waiting for a connection; and it follows maintenance notifications,
    by which a server redirects clients and relaxes their timeouts.

    Args:
        url: redis://, rediss:// or unix://, with user, password, database and what TLS takes as redis-py reads them;
            what is set here holds whatever else it says.
        timeout_s: of connecting, of a read, a write, and of waiting for a connection, each; RedisWire takes it for all
            of them together. A request's own budget is GuardedCache's matter, and shorter.
        max_connections: of this process.
        is_scan: whether what is read here is read once: then it does not count as used, where the server evicts what
            is not.
        user: in place of that of the URL.
        read_password: returns the password for a new connection, in place of that of the URL.
    """
    given: dict[str, Any] = dict(parse_url(url))
    if "path" not in given:  # of a Unix socket it is no option
        given["socket_keepalive"] = True
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
        # The library's name and version: two commands more for each connection.
        "driver_info": None,
    }
    if user:
        given["username"] = user
    if read_password is not None:
        given.pop("password", None)
        given["credential_provider"] = FileCredentials(given.pop("username", ""), read_password)
    if is_scan:
        given["redis_connect_func"] = _connect_without_touching
    return given


async def _connect_without_touching(connection: Any) -> None:
    await connection.on_connect()
    await connection.send_command("CLIENT", "NO-TOUCH", "ON", check_health=False)
    try:
        await connection.read_response()
    except ResponseError:  # a server before Redis 7.2, or an ACL that forbids it
        return


@contextmanager
def redis_errors_translated() -> Iterator[None]:
    """Raise CacheUnavailableError in place of whatever redis-py raises, also where no Redis is listening.

    redis-py has many errors of its own, and raises others, such as AttributeError, for a reply that no Redis sends.
    """
    try:
        yield
    except CacheError:
        raise
    except Exception as exc:
        raise unavailable(exc) from exc


def unavailable(exc: BaseException) -> CacheUnavailableError:
    """Return an error that words one of redis-py, with advice where it is known."""
    said = str(exc) or type(exc).__name__
    known = error_reply_in(exc)
    if known is None:
        return CacheUnavailableError(f"Redis: {said}")
    code = f"{known.code} " if known.code.isupper() and known.code not in said else ""
    words = f"Redis: {code}{said.rstrip('.')}; {known.advice}"
    return CacheUnavailableError(words, kind=known.code, needs_operator=known.needs_operator)
