"""ForwardedClient: the address of the client whose request a trusted proxy passes on."""

import re
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from functools import lru_cache
from ipaddress import ip_network
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.entrypoints.http.origins.client_addresses import Address, address_of

MAX_HOPS: Final = 32
"""Most addresses to read, from the end of the list; the rest is ignored."""

_NODE: Final = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::\w+)?|([0-9.]+)(?::\w+)?|([0-9A-Fa-f:.]+)")
"""An address as proxies write it: with or without a port, and IPv6 with or without brackets."""


class ForwardedClient:
    """Sets the client of requests to the one that trusted proxies name.

    Each proxy appends the address from which it was reached to a list. Read from the end, the first address that is
    not a trusted proxy's is the client's: everything before it may be the client's invention.
    """

    def __init__(self, app: ASGIApp, proxies: Iterable[str]) -> None:
        """Accept the wrapped application, and the addresses and networks of trusted proxies."""
        self._app = app
        networks = [ip_network(proxy) for proxy in proxies]
        self._trusts = lru_cache(maxsize=1000)(lambda address: any(address in network for network in networks))

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on, with its client's address in the scope."""
        if scope["type"] == "http" and (client := scope.get("client")):
            peer = address_of(client[0])
            if peer is not None and self._trusts(peer):
                # In place, since outer layers, which log the request, have the same scope.
                scope["client"] = (str(self._client(peer, scope["headers"])), 0)
        return self._app(scope, receive, send)

    def _client(self, peer: Address, headers: Sequence[tuple[bytes, bytes]]) -> Address:
        named = {
            self._last_untrusted(peer, nodes)
            for name, nodes_of in ((b"x-forwarded-for", _nodes), (b"forwarded", _nodes_of_forwarded))
            if (nodes := list(nodes_of([value for given, value in headers if given == name])))
        }
        # A proxy writes one of the two fields, and may pass on the other as its client sent it. If they differ, neither
        # can be trusted.
        return named.pop() if len(named) == 1 else peer

    def _last_untrusted(self, peer: Address, nodes: Sequence[str]) -> Address:
        """Return the last address that is not a trusted proxy's; if all are, the first in the list."""
        seen = peer
        for node in reversed(nodes[-MAX_HOPS:]):
            address = _address(node)
            if address is None:
                break
            seen = address
            if not self._trusts(address):
                break
        return seen


def _nodes(values: Sequence[bytes]) -> Iterator[str]:
    """Yield the entries of X-Forwarded-For, in order."""
    if values:
        yield from (node.strip() for node in b",".join(values).decode("latin-1").split(","))


def _nodes_of_forwarded(values: Sequence[bytes]) -> Iterator[str]:
    """Yield the `for` parameter of each element of Forwarded (RFC 7239); an empty text if it has none.

    Commas separate elements even within quotes: no address contains one, and an unclosed quote sent by a client must
    not hide what the proxy has added.
    """
    for element in _nodes(values):
        pairs = [pair.partition("=") for pair in element.split(";")]
        found = [value.strip() for name, _, value in pairs if name.strip().lower() == "for"]
        yield found[0].removeprefix('"').removesuffix('"') if len(found) == 1 else ""


def _address(node: str) -> Address | None:
    match = _NODE.fullmatch(node)
    return None if match is None else address_of(match[1] or match[2] or match[3])
