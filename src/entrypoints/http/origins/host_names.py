"""Hosts: the host that a request names, and patterns of hosts."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from foreseen.entrypoints.http.origins.client_addresses import Address, address_of
from foreseen.settings import ANY_HOST, HOST_NAME

Host = Address | str
"""An address, or a name in lower case without a final dot."""

_FIELD: Final = re.compile(
    rf"(?:\[([0-9A-Fa-f:.]{{2,45}})(?:%[A-Za-z0-9._~%-]{{1,32}})?\]|({HOST_NAME})\.?)(?::(\d{{0,5}}))?"
)
_LONGEST: Final = 300
"""Most bytes of a Host field; a name has 253 at most."""

_MAX_PORT: Final = 65535
_SHOWN: Final = 80


def host_of(field: bytes) -> Host | None:
    """Return the host in a Host field, without its port; None if the field is invalid (RFC 9110, 7.2)."""
    match = _FIELD.fullmatch(field.decode("latin-1")) if len(field) <= _LONGEST else None
    if match is None or (match[3] and int(match[3]) > _MAX_PORT):
        return None
    if match[1] is not None:
        return address_of(match[1])
    return address_of(match[2]) or match[2].lower()


def authority_of(target: bytes) -> bytes | None:
    """Return the host in a target of absolute form, which replaces the Host field (RFC 9112, 3.2.2); None in others."""
    match = re.match(rb"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)", target)
    return None if match is None else match[1]


def shown(field: bytes) -> str:
    """Return a field for messages: shortened, and with printable characters only."""
    return ascii(field[:_SHOWN].decode("latin-1"))[1:-1]


def _network(pattern: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(pattern)
    except ValueError:
        return None


class Hosts:
    """Patterns of hosts: names (a.example), the names below one (*.example), addresses and networks."""

    def __init__(self, patterns: Iterable[str]) -> None:
        known = tuple(patterns)
        self._is_any = ANY_HOST in known
        networks = {pattern: _network(pattern) for pattern in known}
        self._networks = tuple(network for network in networks.values() if network is not None)
        names = [pattern for pattern, network in networks.items() if network is None]
        self._names = frozenset(names)
        self._suffixes = tuple(name[1:] for name in names if name.startswith("*."))

    def include(self, host: Host) -> bool:
        """Return whether a pattern matches a host."""
        if self._is_any:
            return True
        if isinstance(host, str):
            return host in self._names or host.endswith(self._suffixes)
        return any(host in network for network in self._networks)


LOOPBACK: Final = Hosts(("localhost", "*.localhost", "127.0.0.0/8", "::1"))
