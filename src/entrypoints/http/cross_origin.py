"""CrossOrigin: pages of other sites that may read answers, by the Fetch standard's CORS protocol."""

import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

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


class AllowedOrigins:
    """Origins whose pages may read answers: https://a.example, https://*.a.example, or * for any."""

    def __init__(self, origins: Iterable[str]) -> None:
        known = tuple(origins)
        self.is_any = _ANY in known
        self.pattern: Final = "|".join(map(_pattern, known))
        self._allows = re.compile(self.pattern).fullmatch

    def fields(self, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return what has a page read an answer that comes before there is a request to answer."""
        if not self.pattern:
            return []
        origin = next((value for name, value in headers if name == b"origin"), b"")
        if not self.is_any and self._allows(origin.decode("latin-1")) is None:
            return [(b"vary", b"Origin")]
        return [
            (b"access-control-allow-origin", b"*" if self.is_any else origin),
            (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
            (b"vary", b"Origin"),
        ]


class CrossOrigin(CORSMiddleware):
    """Lets pages of allowed origins read all answers, problems among them, and answers their preflights.

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
            allow_private_network=True,
            expose_headers=EXPOSED,
        )
        self._tally = tally

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight; what is not allowed by a problem."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
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
