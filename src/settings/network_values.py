"""Types of settings that are hosts, networks, origins or a path."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Final

from pydantic import AfterValidator

from foreseen.settings.setting_values import Words

ANY_HOST: Final = "*"
ANY_ORIGIN: Final = "*"

_PORTS: Final = {"http": 80, "https": 443}

HOST_NAME: Final = r"(?!.{254})[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*"
"""Form of a DNS name, plus the underscore, which is common between containers."""


def _hosts(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_host, words))


def _host(word: str) -> str:
    name = word.lower().removesuffix(".")
    bare = name.removeprefix("[").removesuffix("]")
    if name == ANY_HOST or re.fullmatch(rf"(?:\*\.)?{HOST_NAME}", name):
        return name
    try:
        return str(_plain(ip_network(bare)))
    except ValueError:
        raise ValueError("hosts without port, such as a.example, *.example, 192.0.2.1, 10.0.0.0/8, or *") from None


def _networks(words: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(_plain(ip_network(word))) for word in words)
    except ValueError:
        raise ValueError("addresses or networks, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8") from None


def _origins(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_origin, words))


def _origin(word: str) -> str:
    """Return an origin as browsers send it: in lower case, without the default port of its scheme."""
    match = re.fullmatch(
        rf"([a-z][a-z0-9+.-]*)://((?:\*\.)?{HOST_NAME}|\[[0-9a-f:.]+\])(?::(\d{{1,5}}))?", word.lower()
    )
    if word == ANY_ORIGIN:
        return word
    if match is None:
        raise ValueError("origins without path, such as https://a.example, https://*.a.example, or *")
    scheme, host, port = match.groups()
    return f"{scheme}://{host}" if port is None or _PORTS.get(scheme) == int(port) else f"{scheme}://{host}:{port}"


def _root_path(path: str) -> str:
    bare = path.removesuffix("/")
    if not re.fullmatch(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@-]+)*", bare):
        raise ValueError("a path such as /ml or /models/iris")
    return bare or "/"


def _plain(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """Return a network as an IPv4 network if its addresses are IPv4 addresses mapped to IPv6."""
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and (start := network.network_address.ipv4_mapped):
        return IPv4Network((start, network.prefixlen - 96))
    return network


HostPatterns = Annotated[Words, AfterValidator(_hosts)]
Networks = Annotated[Words, AfterValidator(_networks)]
Origins = Annotated[Words, AfterValidator(_origins)]
RootPath = Annotated[str, AfterValidator(_root_path)]
