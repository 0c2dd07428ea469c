"""Where a URL leads: the addresses in it, and how each of them alone would be written."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from foreseen.adapters.cache.redis.servers.slot_map import Address

SENTINEL: Final = "+sentinel"
"""What ends the scheme of a URL that names Sentinels."""

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379


@dataclass(frozen=True, slots=True)
class Places:
    """What a URL says.

    Attributes:
        url: of one server, as redis-py reads it: for Sentinels, of a primary whose address they know.
        addresses: every host and port in it; none for a Unix socket.
        service: what Sentinels call the primary; empty where the URL names none.
    """

    url: str
    addresses: tuple[Address, ...]
    service: str = ""


def places_in(url: str) -> Places:
    """Read a URL that the settings have checked."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return Places(url, ())
    scheme = parts.scheme.removesuffix(SENTINEL)
    is_sentinel = scheme != parts.scheme
    login, at, hosts = parts.netloc.rpartition("@")
    addresses = tuple(_address(host, _SENTINEL_PORT if is_sentinel else _PORT) for host in hosts.split(","))
    service, database = "", parts.path
    if is_sentinel:
        service, _, number = parts.path.removeprefix("/").partition("/")
        database = f"/{number}"
    query = f"?{parts.query}" if parts.query else ""
    return Places(f"{scheme}://{login}{at}{hosts.split(',')[0]}{database}{query}", addresses, unquote(service))


def _address(host: str, port: int) -> Address:
    found = re.fullmatch(r"\[?(?P<host>[^\]]*?)\]?(?::(?P<port>\d+))?", host)
    if found is None:
        raise ValueError(f"expected HOST:PORT, got {host!r}")
    return unquote(found["host"]), int(found["port"] or port)
