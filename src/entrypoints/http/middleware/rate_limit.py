"""RateLimit: so many requests of one caller in a while, and no more."""

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
from foreseen.entrypoints.http.responses.problems import Refusal, problem

MOST_CALLERS: Final = 10_000
"""Callers that are remembered; of more, whoever was away longest begins anew, so that addresses fill no memory."""

_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


class RateLimit:
    """Hands on a caller's requests up to a rate: whoever's key came with them, else the address they came from.

    By the generic cell rate algorithm: up to a whole unit's worth at once, and from then on evenly spaced.
    """

    def __init__(self, app: ASGIApp, tally: Tally, rate: str) -> None:
        """Take the application behind, and a rate such as 100/second."""
        self._app = app
        self._tally = tally
        self._rate = rate
        store = MemoryStore(options={"MAX_SIZE": MOST_CALLERS})
        self._limiter = Throttled(using=RateLimiterType.GCRA.value, quota=rate, store=store).limiter

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Hand on, or refuse."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            asked = self._limiter.limit(_caller(scope))
            if asked.limited:
                refusal = _too_many(self._rate, asked.state.retry_after)
                return problem(Request(scope), refusal, self._tally)(scope, receive, send)
        return self._app(scope, receive, send)


def _caller(scope: Scope) -> str:
    known: str | None = scope.get(CALLER)
    return known or network_of(scope["client"][0] if scope["client"] else "")


def _too_many(rate: str, retry_after_s: float) -> Refusal:
    """Word it, with the header fields of draft-ietf-httpapi-ratelimit-headers."""
    most, _, unit = rate.partition("/")
    wait_s = max(1, math.ceil(retry_after_s))
    told = {
        "Retry-After": str(wait_s),
        "RateLimit-Policy": f'"requests";q={most};w={_SECONDS[unit]}',
        "RateLimit": f'"requests";r=0;t={wait_s}',
    }
    detail = f"expected at most {most} requests a {unit} (rate_limit), got more"
    return Refusal(429, "too-many-requests", "Too many requests", detail, told)
