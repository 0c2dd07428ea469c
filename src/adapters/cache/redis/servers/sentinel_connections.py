"""Connections to the primary that Sentinels name, looked up for each of them: after a failover it is another one."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.exceptions import RedisError, ResponseError

from foreseen.adapters.cache.redis.client.connection import client_with
from foreseen.adapters.cache.redis.servers.slot_map import Address, address_text

TIMEOUT_S: Final = 0.6
"""Seconds that a Sentinel may take before the next one is tried."""

_LOGIN: Final = ("username", "password", "credential_provider")


class Sentinels:
    """Looks up the primary of a service: each Sentinel in turn, the one that answered last coming first."""

    def __init__(self, addresses: Sequence[Address], service: str, options: Mapping[str, Any]) -> None:
        """Accept the options of clients of the primary: Sentinels are logged in to in the same way, or not at all."""
        self._service = service
        plain = {name: value for name, value in options.items() if name not in (*_LOGIN, "redis_connect_func")}
        plain |= {"db": 0, "client_name": None, "socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
        login = {name: options[name] for name in _LOGIN if options.get(name)}
        self._rules: Any = Sentinel([])  # type: ignore[no-untyped-call]
        self._clients: list[tuple[Address, Any]] = [
            ((host, port), client_with(plain | each | {"host": host, "port": port}))
            for each in ([login, {}] if login else [{}])
            for host, port in addresses
        ]

    async def primary(self) -> Address:
        """Return where the primary is; raise MasterNotFoundError where no Sentinel says so.

        redis-py's own `discover_master` stops at the first Sentinel that rejects the command, such as for lack of
        permission.
        """
        failures: dict[str, Exception] = {}
        for each in tuple(self._clients):
            address, client = each
            try:
                state = (await client.sentinel_masters()).get(self._service)
            except (RedisError, OSError) as exc:
                failures[f"{address_text(address)}: {exc}"] = exc
                continue
            if state and self._rules.check_master_state(state, self._service):
                self._clients.remove(each)
                self._clients.insert(0, each)
                return str(state["ip"]), int(state["port"])
        rejection = next((exc for exc in failures.values() if isinstance(exc, ResponseError)), None)
        raise MasterNotFoundError("; ".join([f"No master found for {self._service!r}", *failures])) from rejection

    async def close(self) -> None:
        """Close every connection to a Sentinel."""
        await asyncio.gather(*(client.aclose() for _, client in self._clients), return_exceptions=True)


def led_by(sentinels: Sentinels, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a client whose every new connection leads to the primary of that moment."""
    has_tls = issubclass(options.get("connection_class", Connection), SSLConnection)
    return {**options, "connection_class": _LedOverTls if has_tls else _Led, "sentinels": sentinels}


class _LedBySentinels(AbstractConnection):
    host: str
    port: int

    def __init__(self, *, sentinels: Sentinels, **options: Any) -> None:
        super().__init__(**options)
        self._sentinels = sentinels

    async def _connect(self) -> None:
        self.host, self.port = await self._sentinels.primary()
        await super()._connect()  # type: ignore[no-untyped-call,safe-super]


class _Led(_LedBySentinels, Connection):
    """A connection without TLS."""


class _LedOverTls(_LedBySentinels, SSLConnection):
    """A connection with TLS."""
