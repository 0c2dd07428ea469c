"""CrossOrigin: which pages of other sites may read answers, by the CORS protocol of the Fetch standard."""

import re
from collections.abc import Awaitable, Iterable
from functools import lru_cache
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.origins.host_names import shown
from foreseen.entrypoints.http.request_log.request_context import context_of
from foreseen.entrypoints.http.responses.problems import Rejection, problem

METHODS: Final = ("GET", "HEAD", "POST")

EXPOSED: Final = (
    "Age", "Allow", "Cache-Status", "ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "Server-Timing",
    "Traceparent", "WWW-Authenticate", "X-Request-Id",
)  # fmt: skip
"""Header fields of answers that scripts may read, in addition to the few that browsers always allow."""

_PREFLIGHT: Final = frozenset({"origin", "access-control-request-method"})
"""Header fields that make an OPTIONS request a preflight."""

_ANY: Final = "*"
_VARY: Final = (b"vary", b"Origin")
_Field = tuple[bytes, bytes]


class AllowedOrigins:
    """Origins whose pages may read answers: https://a.example, https://*.a.example, or * for any."""

    def __init__(self, origins: Iterable[str]) -> None:
        known = tuple(origins)
        self.is_any = _ANY in known
        self.pattern: Final = "|".join(map(_pattern, known))
        self._allows = re.compile(self.pattern).fullmatch
        self._fields_for = lru_cache(maxsize=100)(self._made_for)

    def fields(self, headers: Iterable[_Field]) -> tuple[_Field, ...]:
        """Return the response fields that let a page read the answer to a request with these fields.

        `Vary` is in all of them, since a cache may store an answer that no page has requested. Without allowed origins
        there are none.
        """
        if not self.pattern:
            return ()
        for name, value in headers:
            if name == b"origin":
                return self._fields_for(value)
        return self._fields_for(b"")

    def _made_for(self, origin: bytes) -> tuple[_Field, ...]:
        if not self.is_any and self._allows(origin.decode("latin-1")) is None:
            return (_VARY,)
        allowed = (b"access-control-allow-origin", b"*" if self.is_any else origin)
        return (allowed, (b"access-control-expose-headers", ", ".join(EXPOSED).encode()), _VARY)


@lru_cache(maxsize=8)
def allowed_origins(origins: tuple[str, ...]) -> AllowedOrigins:
    """Return the allowed origins of a setting: one object for the service and the server in front of it."""
    return AllowedOrigins(origins)


class CrossOrigin:
    """Lets pages of allowed origins read all answers, including problems, and answers their preflights.

    Starlette answers preflights. Fields of other answers are added here, at a third of the cost in Starlette.

    Requests may have any header field: keys and ids are in fields, tools add their own, and nothing here relies on a
    browser's checks. Cookies are not allowed, since none are read.
    """

    def __init__(self, app: ASGIApp, tally: Tally, origins: AllowedOrigins) -> None:
        """Accept the wrapped application, and the origins whose pages may read its answers."""
        self._app = app
        self._tally = tally
        self._origins = origins
        self._cors = CORSMiddleware(
            app,
            allow_origins=(_ANY,) if origins.is_any else (),
            allow_origin_regex=origins.pattern,
            allow_methods=METHODS,
            allow_headers=(_ANY,),
            expose_headers=EXPOSED,
        )
        self._cors.allow_private_network = True  # an argument only since Starlette 0.51

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and _PREFLIGHT.issubset(headers := Headers(scope=scope)):
            await self._answered(headers, scope)(scope, receive, context_of(scope).around(send))
            return
        fields = self._origins.fields(scope["headers"])

        # Not async: the server awaits what `send` returns.
        def add(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message = {**message, "headers": (*message.get("headers", ()), *fields)}
            return send(message)

        await self._app(scope, receive, add)

    def is_allowed_origin(self, origin: str) -> bool:
        """Return whether a preflight allows an origin."""
        return self._cors.is_allowed_origin(origin)

    def _answered(self, headers: Headers, scope: Scope) -> ASGIApp:
        """Return the response to a preflight: a problem (403) if it is not allowed."""
        answer = self._cors.preflight_response(headers)
        if answer.status_code < 400:
            if headers.get("access-control-request-private-network") == "true":
                # Starlette does the same since 0.51.
                answer.headers["Access-Control-Allow-Private-Network"] = "true"
            return answer
        origin, method = headers["origin"], headers["access-control-request-method"]
        expected, got = f"a method of {', '.join(METHODS)}", method
        if not self.is_allowed_origin(origin):
            expected, got = "an origin of allowed_origins in the settings", origin
        detail = f"expected {expected}, got {shown(got.encode('latin-1'))}"
        rejected = problem(Request(scope), Rejection(403, "forbidden", "Forbidden", detail), self._tally)
        rejected.headers.add_vary_header("Origin")
        return rejected


def _pattern(origin: str) -> str:
    scheme, separator, host = origin.partition("://")
    if not host.startswith("*."):
        return re.escape(origin)
    return re.escape(scheme + separator) + r"(?:[a-z0-9_-]+\.)+" + re.escape(host.removeprefix("*."))
