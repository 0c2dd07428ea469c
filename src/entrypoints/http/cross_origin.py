"""CrossOrigin: pages of other sites that may read answers, by the Fetch standard's CORS protocol."""

import re
from collections.abc import Awaitable, Iterable
from functools import lru_cache
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.tally import Tally
from foreseen.entrypoints.http.hosts import shown
from foreseen.entrypoints.http.problems import MEDIA_TYPE, Refusal, rejected_unread

METHODS: Final = ("GET", "HEAD", "POST")

EXPOSED: Final = (
    "Age", "Allow", "Cache-Status", "ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "Server-Timing",
    "Traceparent", "WWW-Authenticate", "X-Request-Id",
)  # fmt: skip
"""Fields of answers that scripts may read; without it a browser shows them a handful."""

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
        """Return the fields that have a page read the answer to a request with these; none where there are no origins.

        `Vary` is in all answers: a cache may keep one that no page has caused.
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


class CrossOrigin(CORSMiddleware):
    """Lets pages of allowed origins read all answers, problems among them, and answers their preflights.

    Starlette answers these; to other answers it would add the fields at three times the cost.

    Any field may be sent: keys and ids come in fields, tools add their own, and nothing here trusts a browser for being
    one. No cookies are allowed, since none are read.
    """

    def __init__(self, app: ASGIApp, tally: Tally, origins: AllowedOrigins) -> None:
        """Let pages read what an application answers."""
        super().__init__(
            app,
            allow_origins=(_ANY,) if origins.is_any else (),
            allow_origin_regex=origins.pattern,
            allow_methods=METHODS,
            allow_headers=(_ANY,),
            expose_headers=EXPOSED,
        )
        self.allow_private_network = True  # no argument: that came with Starlette 0.51
        self._tally = tally
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or pass a request on."""
        if scope["type"] != "http" or scope["method"] == "OPTIONS":
            await super().__call__(scope, receive, send)
            return
        fields = self._origins.fields(scope["headers"])

        # No coroutine of its own: it hands on what the server waits for.
        def add(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message = {**message, "headers": (*message.get("headers", ()), *fields)}
            return send(message)

        await self.app(scope, receive, add)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight; what is not allowed by a problem."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            if request_headers.get("access-control-request-private-network") == "true":
                # As Starlette does from 0.51 on.
                answer.headers["Access-Control-Allow-Private-Network"] = "true"
            return answer
        origin, method = (request_headers[name] for name in ("origin", "access-control-request-method"))
        expected, got = f"a method of {', '.join(METHODS)}", method
        if not self.is_allowed_origin(origin):
            expected, got = "an origin of allowed_origins in the settings", origin
        detail = f"expected {expected}, got {shown(got.encode('latin-1'))}"
        body, (name, made_id) = rejected_unread(Refusal(403, "forbidden", "Forbidden", detail), self._tally)
        headers = {"Vary": answer.headers["Vary"], name.decode(): made_id.decode()}
        return Response(body, 403, headers, MEDIA_TYPE)


def _pattern(origin: str) -> str:
    scheme, separator, host = origin.partition("://")
    if not host.startswith("*."):
        return re.escape(origin)
    return re.escape(scheme + separator) + r"(?:[a-z0-9_-]+\.)+" + re.escape(host.removeprefix("*."))
