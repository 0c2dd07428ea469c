"""RateLimit: bounds the rate of requests of each caller."""

import math
from collections.abc import Awaitable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from throttled import MemoryStore, RateLimiterType, Throttled

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.middleware.access_keys import OPEN
from foreseen.entrypoints.http.origins.client_addresses import network_of
from foreseen.entrypoints.http.origins.locality import CALLER
from foreseen.entrypoints.http.responses.problems import Rejection, problem

MOST_CALLERS: Final = 10_000
"""Most callers to remember; beyond it, the least recent one is forgotten, to bound the memory."""

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class RateLimit:
    """Passes on a caller's requests up to a rate; a caller is identified by its key, or by its address without one.

    Uses the generic cell rate algorithm: a burst of all requests of one unit of time, then evenly spaced ones.
    """

    def __init__(self, app: ASGIApp, tally: Tally, rate: str) -> None:
        """Accept the wrapped application, and a rate such as 100/second."""
        self._app = app
        self._tally = tally
        self._rate = rate
        store = MemoryStore(options={"MAX_SIZE": MOST_CALLERS})
        self._limiter = Throttled(using=RateLimiterType.GCRA.value, quota=rate, store=store).limiter

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on, or reject it (429)."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            limit = self._limiter.limit(_caller(scope))
            if limit.limited:
                rejection = _too_many(self._rate, limit.state.retry_after)
                return problem(Request(scope), rejection, self._tally)(scope, receive, send)
        return self._app(scope, receive, send)


def _caller(scope: Scope) -> str:
    known: str | None = scope.get(CALLER)
    return known or network_of(scope["client"][0] if scope["client"] else "")


def _too_many(rate: str, retry_after_s: float) -> Rejection:
    """Return the rejection, with the header fields of draft-ietf-httpapi-ratelimit-headers."""
    most, _, unit = rate.partition("/")
    wait_s = max(1, math.ceil(retry_after_s))
    fields = {
        "Retry-After": str(wait_s),
        "RateLimit-Policy": f'"requests";q={most};w={_SECONDS[unit]}',
        "RateLimit": f'"requests";r=0;t={wait_s}',
    }
    detail = f"expected at most {most} requests a {unit} (rate_limit), got more"
    return Rejection(429, "too-many-requests", "Too many requests", detail, fields)
