"""Locality: whether a request comes from a program on this machine, and who may see internal errors."""

from typing import Final

from starlette.types import Scope

from foreseen.entrypoints.http.origins.client_addresses import is_loopback, shown_address
from foreseen.entrypoints.http.origins.host_names import LOOPBACK, host_of, shown

CALLER: Final = "foreseen.caller"
"""The key in a scope under which the caller is: the start of the digest of its API key."""

_OF_PROXIES: Final = frozenset(
    {
        b"forwarded", b"via", b"cdn-loop", b"client-ip", b"max-forwards", b"proxy-client-ip", b"true-client-ip",
        b"wl-proxy-client-ip", b"x-client-ip", b"x-cluster-client-ip", b"x-proxyuser-ip", b"x-real-ip", b"x-scheme",
        b"x-script-name", b"x-cloud-trace-context", b"x-remote-ip", b"x-remote-addr", b"x-host",
    }
)  # fmt: skip
_OF_PROXIES_FROM: Final = (
    b"x-forwarded", b"x-original-", b"x-envoy-", b"x-amzn-", b"x-azure-", b"x-appengine-", b"x-arr-", b"x-proxy-",
    b"x-http-forwarded", b"x-rewrite-", b"x-vercel-", b"cf-", b"fastly-", b"fly-",
)  # fmt: skip
"""Prefixes of the header fields that proxies and hosting services add."""

_OF_THE_SAME_PAGE: Final = frozenset({b"none", b"same-origin"})


def why_elsewhere(scope: Scope) -> str | None:
    """Return why a request is not from a program on this machine; None if nothing shows that.

    A proxy on this machine connects from loopback as well. It is recognised by the fields that it adds, by the host
    that its clients name, or by HTTP/1.0, which nginx used by default for long. A proxy that changes nothing cannot be
    recognised.
    """
    client = scope.get("client")
    if client and not is_loopback(client[0]):
        return f"one from {shown_address(client[0])}"
    if scope["http_version"] != "1.1":
        return f"one in HTTP/{scope['http_version']}, as proxies send"
    for name, value in scope["headers"]:
        if name == b"host":
            if (host := host_of(value)) is None or not LOOPBACK.include(host):
                return f"one for {shown(value)} (Host)"
        elif name == b"origin" or (name == b"sec-fetch-site" and value not in _OF_THE_SAME_PAGE):
            return "one of a page in a browser"
        elif name in _OF_PROXIES or name.startswith(_OF_PROXIES_FROM):
            return f"one through a proxy ({shown(name)})"
    return None


def is_trusted(scope: Scope) -> bool:
    """Return whether the sender of a request may see internal errors and paths: it has a key, or is on this machine."""
    return CALLER in scope or why_elsewhere(scope) is None
