"""The addresses in a URL, and the URL of each by itself."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from foreseen.adapters.cache.redis.servers.slot_map import Address

SENTINEL: Final = "+sentinel"
"""The end of the scheme of a URL that names Sentinels."""

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379


@dataclass(frozen=True, slots=True)
class Places:
    """The addresses in a URL.

    Attributes:
        url: of one server, as redis-py reads it: for Sentinels, of a primary whose address they know.
        addresses: every host and port in it; none for a Unix socket.
        service: Sentinels' name of the primary; empty if the URL names none.
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
