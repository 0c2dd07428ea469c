"""HostCheck: answers requests only for the service's own hosts.

Any site can let its own name point to 127.0.0.1 for a while (DNS rebinding). A browser on this machine then lets pages
of that site read what is served here, since it takes both for one site. Only the name in the Host field reveals it.
"""

from collections.abc import Awaitable, Container, Iterable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.origins.host_names import LOOPBACK, Hosts, host_of, shown
from foreseen.entrypoints.http.request_log.request_context import FIELDS
from foreseen.entrypoints.http.responses.problems import Rejection, problem
from foreseen.settings import ANY_HOST

_REMEMBERED: Final = 1000


class HostCheck:
    """Passes on requests for the service's own hosts, and rejects others."""

    def __init__(
        self, app: ASGIApp, tally: Tally, allowed: Iterable[str] | None, *, is_local: bool, probes: Container[str]
    ) -> None:
        """Accept the wrapped application, and its hosts.

        Args:
            allowed: the hosts of the service; None for any host, or for those of loopback alone if it is local.
            is_local: whether the service can be reached from this machine only; hosts of loopback are then allowed too.
            probes: paths that accept any valid host: they reveal nothing, and an orchestrator requests them by the
                address of a replica.
        """
        self._probes = probes
        self._app = app
        self._tally = tally
        self._is_local = is_local
        self._hosts = Hosts((ANY_HOST,) if allowed is None and not is_local else allowed or ())
        self._passed: set[bytes] = set()

    # Not async: one more coroutine would cost as much as everything else here.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on, or reject it (400, 421)."""
        if scope["type"] == "http":
            value = (scope.get(FIELDS) or dict(scope["headers"])).get(b"host")
            if value is None or value in self._passed:  # HTTP/1.0 does not require the field
                return self._app(scope, receive, send)
            if (rejection := self._rejection(value, scope["path"])) is not None:
                return problem(Request(scope), rejection, self._tally)(scope, receive, send)
        return self._app(scope, receive, send)

    def _rejection(self, field: bytes, path: str) -> Rejection | None:
        host = host_of(field)
        if host is None:
            return _no_host(field)
        if self._hosts.include(host) or (self._is_local and LOOPBACK.include(host)):
            if len(self._passed) < _REMEMBERED:
                self._passed.add(field)
            return None
        return None if path in self._probes else self._misdirected(field)

    def _misdirected(self, field: bytes) -> Rejection:
        known = "a host of this machine, such as localhost, or one" if self._is_local else "one"
        detail = f"expected {known} of allowed_hosts in the settings, got {shown(field)}"
        return Rejection(421, "misdirected", "Misdirected request", detail)


def _no_host(field: bytes) -> Rejection:
    detail = f"expected Host to be a name or an address, with or without a port, got {shown(field) or 'nothing'}"
    return Rejection(400, "invalid-host", "Invalid Host", detail)
