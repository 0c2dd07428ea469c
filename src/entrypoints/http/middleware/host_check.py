"""HostCheck: requests are answered for hosts that the service has.

A page of any site may have its own name point to 127.0.0.1 for a while (DNS rebinding): a browser on this machine then
lets it read what is served here, since to the browser both are one site. Only the name that it sends gives it away.
"""

from collections.abc import Awaitable, Container, Iterable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.origins.host_names import LOOPBACK, Hosts, host_of, shown
from foreseen.entrypoints.http.request_log.header_fields import FIELDS
from foreseen.entrypoints.http.responses.problems import Rejection, problem
from foreseen.settings import ANY_HOST

_REMEMBERED: Final = 1000


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

    # No coroutine of its own: it would cost as much as everything else here.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on, or reject it."""
        if scope["type"] == "http":
            value = (scope.get(FIELDS) or dict(scope["headers"])).get(b"host")
            if value is None or value in self._passed:  # none in HTTP/1.0
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
