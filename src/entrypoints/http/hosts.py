"""Hosts: what a request calls the service, which has to be a host, and one that it has.

A page of any site may have its own name point to 127.0.0.1 for a while (DNS rebinding): a browser on this machine then
lets it read what is served here, since to the browser both are one site. Only the name that it sends gives it away.
"""

import re
from collections.abc import Awaitable, Container, Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.domain.tally import Tally
from foreseen.entrypoints.http.addresses import Address, address_of
from foreseen.entrypoints.http.problems import Refusal, problem
from foreseen.settings import ANY_HOST, HOST_NAME

Host = Address | str
"""An address, or a name in lower case without the dot that may end it."""

_FIELD: Final = re.compile(
    rf"(?:\[([0-9A-Fa-f:.]{{2,45}})(?:%[A-Za-z0-9._~%-]{{1,32}})?\]|({HOST_NAME})\.?)(?::(\d{{0,5}}))?"
)
_LONGEST: Final = 300
"""Bytes of a field: a name has 253 at most."""

_MAX_PORT: Final = 65535
_REMEMBERED: Final = 1000
_SHOWN: Final = 80


@lru_cache(maxsize=_REMEMBERED)
def host_of(field: bytes) -> Host | None:
    """Return the host of a Host field, without its port; None where it is none (RFC 9110, 7.2)."""
    match = _FIELD.fullmatch(field.decode("latin-1")) if len(field) <= _LONGEST else None
    if match is None or (match[3] and int(match[3]) > _MAX_PORT):
        return None
    if match[1] is not None:
        return address_of(match[1])
    return address_of(match[2]) or match[2].lower()


def authority_of(target: bytes) -> bytes | None:
    """Return the host of a request's target in absolute form, which stands for the Host field (RFC 9112, 3.2.2)."""
    match = re.match(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)", target)
    return None if match is None else match[1]


def shown(field: bytes) -> str:
    """Return a field as it may be shown to a reader: not too long, and nothing but printable characters."""
    return ascii(field[:_SHOWN].decode("latin-1"))[1:-1]


def _network(pattern: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(pattern)
    except ValueError:
        return None


class Hosts:
    """Hosts by name (a.example), by the names below one (*.example), by address and by network."""

    def __init__(self, patterns: Iterable[str]) -> None:
        known = tuple(patterns)
        self._is_any = ANY_HOST in known
        networks = {pattern: _network(pattern) for pattern in known}
        self._networks = tuple(network for network in networks.values() if network is not None)
        names = [pattern for pattern, network in networks.items() if network is None]
        self._names = frozenset(names)
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))

    def include(self, host: Host) -> bool:
        """Return whether a host is one of them."""
        if self._is_any:
            return True
        if isinstance(host, str):
            return host in self._names or host.endswith(self._suffixes)
        return any(host in network for network in self._networks)


LOOPBACK: Final = Hosts(("localhost", "*.localhost", "127.0.0.0/8", "::1"))


class HostCheck:
    """Passes on requests for hosts that the service has, and rejects others."""

    def __init__(
        self, app: ASGIApp, tally: Tally, allowed: Iterable[str] | None, *, is_local: bool, probes: Container[str]
    ) -> None:
        """Check requests for an application.

        Args:
            allowed: the hosts, beside those of loopback where only this machine reaches us; None for these alone there,
                and elsewhere for any.
            is_local: whether only this machine reaches us.
            probes: paths that need a host and no particular one: they show nothing, and an orchestrator looks them up
                under whatever address a replica has.
        """
        self._probes = probes
        self._app = app
        self._tally = tally
        self._is_local = is_local
        self._hosts = Hosts((ANY_HOST,) if allowed is None and not is_local else allowed or ())
        self._passed: set[bytes] = set()

    # No coroutine of its own: one more would cost as much as all the rest of it.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on, or reject it."""
        if scope["type"] == "http":
            for name, value in scope["headers"]:
                if name == b"host":
                    if value not in self._passed and (refusal := self._refusal(value, scope["path"])) is not None:
                        return problem(Request(scope), refusal, self._tally)(scope, receive, send)
                    break
        return self._app(scope, receive, send)

    def _refusal(self, field: bytes, path: str) -> Refusal | None:
        host = host_of(field)
        if host is None:
            return _no_host(field)
        if self._hosts.include(host) or (self._is_local and LOOPBACK.include(host)):
            if len(self._passed) < _REMEMBERED:
                self._passed.add(field)
            return None
        return None if path in self._probes else self._misdirected(field)

    def _misdirected(self, field: bytes) -> Refusal:
        known = "a host of this machine, such as localhost, or one" if self._is_local else "one"
        detail = f"expected {known} of allowed_hosts in the settings, got {shown(field)}"
        return Refusal(421, "misdirected", "Not for this host", detail)


def _no_host(field: bytes) -> Refusal:
    detail = f"expected Host to be a name or an address, with or without a port, got {shown(field) or 'nothing'}"
    return Refusal(400, "invalid-host", "Invalid Host", detail)
