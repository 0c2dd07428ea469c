"""Connections to the primary that Sentinels name, looked up for each connection: a failover changes it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, cast

from redis.asyncio.connection import AbstractConnection, Connection
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.exceptions import RedisError, ResponseError

from foreseen.adapters.cache.redis.client.connection import client_with
from foreseen.adapters.cache.redis.client.tls_connection import TlsConnection
from foreseen.adapters.cache.redis.servers.slot_map import Address, address_text

TIMEOUT_S: Final = 0.6
"""Seconds that a Sentinel may take before the next one is tried."""

_LOGIN: Final = ("username", "password", "credential_provider")


class _Rules(Protocol):
    """redis-py's check of a primary, which it does not type."""

    def check_master_state(self, state: dict[str, str | int], service_name: str) -> bool: ...


class _Client(Protocol):
    """The methods used of a Sentinel client; redis-py's own types are those of both protocols."""

    async def sentinel_masters(self) -> Mapping[str, dict[str, str | int]]: ...

    async def aclose(self) -> None: ...


class Sentinels:
    """Looks up the primary of a service: each Sentinel in turn, the one that answered last coming first."""

    def __init__(self, addresses: Sequence[Address], service: str, options: Mapping[str, object]) -> None:
        """Accept the options of clients of the primary: Sentinels are authenticated to in the same way, or not at
        all."""
        self._service = service
        plain = {name: value for name, value in options.items() if name not in (*_LOGIN, "redis_connect_func")}
        plain |= {"db": 0, "client_name": None, "socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
        login = {name: options[name] for name in _LOGIN if options.get(name)}
        self._rules: _Rules = Sentinel([])  # type: ignore[no-untyped-call]
        self.clients: list[tuple[Address, _Client]] = [
            ((host, port), cast("_Client", client_with(plain | each | {"host": host, "port": port})))
            for each in ([login, {}] if login else [{}])
            for host, port in addresses
        ]

    async def primary(self) -> Address:
        """Return the address of the primary; raise MasterNotFoundError if no Sentinel names it.

        redis-py's own `discover_master` stops at the first Sentinel that rejects the command, such as for lack of
        permission.
        """
        failures: dict[str, Exception] = {}
        for each in tuple(self.clients):
            address, client = each
            try:
                state = (await client.sentinel_masters()).get(self._service)
            except (RedisError, OSError) as exc:
                failures[f"{address_text(address)}: {exc}"] = exc
                continue
            if state and self._rules.check_master_state(state, self._service):
                self.clients.remove(each)
                self.clients.insert(0, each)
                return str(state["ip"]), int(state["port"])
        rejection = next((exc for exc in failures.values() if isinstance(exc, ResponseError)), None)
        raise MasterNotFoundError("; ".join([f"No master found for {self._service!r}", *failures])) from rejection

    async def close(self) -> None:
        """Close every connection to a Sentinel."""
        await asyncio.gather(*(client.aclose() for _, client in self.clients), return_exceptions=True)


def primary_options(sentinels: Sentinels, options: Mapping[str, object]) -> dict[str, object]:
    """Return options of a client whose new connections lead to the primary of their time."""
    has_tls = issubclass(cast("type", options.get("connection_class", Connection)), TlsConnection)
    return {**options, "connection_class": _TlsToPrimary if has_tls else _PlainToPrimary, "sentinels": sentinels}


class _ToPrimary(AbstractConnection):
    host: str
    port: int

    def __init__(self, *, sentinels: Sentinels, **options: object) -> None:
        connect: Callable[..., None] = super().__init__
        connect(**options)
        self._sentinels = sentinels

    async def _connect(self) -> None:
        self.host, self.port = await self._sentinels.primary()
        await super()._connect()  # type: ignore[no-untyped-call,safe-super]


class _PlainToPrimary(_ToPrimary, Connection):
    """A connection without TLS."""


class _TlsToPrimary(_ToPrimary, TlsConnection):
    """A connection with TLS."""
