"""Problem documents (RFC 9457): the one place where errors become statuses and words."""

import logging
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Final, Self

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from foreseen.domain.counters import Tally
from foreseen.domain.errors import (
    CacheError,
    DeadlineExceededError,
    Flaw,
    ForeseenError,
    InvalidBatchError,
    ModelRestartingError,
    ModelUnavailableError,
    NotCachedError,
    OverloadedError,
    PredictionError,
)
from foreseen.entrypoints.http.counting.counted_routes import ROUTES, UNREAD, status_number
from foreseen.entrypoints.http.origins.locality import is_trusted
from foreseen.entrypoints.http.request_log.request_context import REJECTED, context_of
from foreseen.entrypoints.http.request_log.request_ids import HEADER, made
from foreseen.entrypoints.http.responses.allowed_methods import OF_FILES, allowed
from foreseen.entrypoints.http.responses.cache_status import BYPASSED
from foreseen.entrypoints.http.responses.content_negotiation import prefers_page
from foreseen.entrypoints.http.responses.error_page import error_page
from foreseen.entrypoints.http.responses.html_pages import POLICY

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"

STATUSES: Final[Mapping[type[ForeseenError], tuple[int, str, str]]] = {
    InvalidBatchError: (422, "invalid-instances", "The instances do not fit the model"),
    ModelUnavailableError: (503, "no-model", "No model is loaded"),
    PredictionError: (500, "prediction-failed", "The model failed"),
    NotCachedError: (504, "not-cached", "No cached answer"),
    OverloadedError: (503, "overloaded", "Model queue is full"),
    DeadlineExceededError: (504, "timeout", "Deadline exceeded"),
    CacheError: (500, "cache-failed", "The cache failed"),
}
"""Status, type and title of each error that can reach a client."""

_OF_THE_CLIENTS: Final = (NotCachedError, OverloadedError, DeadlineExceededError)
"""What clients wished, or are too many for: counted, and not logged one by one."""

_FOR_STRANGERS: Final = "an error of the service itself; its log says more"

LONGEST_RETRY_S: Final = 60
"""Seconds after which a client is told to ask again at most: by then, much may be otherwise."""

REASONS: Final[Sequence[tuple[str, int]]] = (
    ("other", 0),
    ("invalid-host", 400),
    ("invalid-json", 400),
    ("invalid-timeout", 400),
    ("disconnected", 400),
    ("malformed", 400),
    ("unauthorized", 401),
    ("forbidden", 403),
    ("http", 404),
    ("http", 405),
    ("too-slow", 408),
    ("body-too-large", 413),
    ("too-many-instances", 413),
    ("too-many-values", 413),
    ("encoded", 415),
    ("not-json", 415),
    ("misdirected", 421),
    ("invalid-instances", 422),
    ("invalid-request", 422),
    ("too-many-requests", 429),
    ("head-too-large", 431),
    ("prediction-failed", 500),
    ("cache-failed", 500),
    ("internal", 500),
    ("no-model", 503),
    ("too-many-bodies", 503),
    ("too-many-connections", 503),
    ("overloaded", 503),
    ("not-reloaded", 503),
    ("not-purged", 503),
    ("not-cached", 504),
    ("timeout", 504),
)
"""Type and status of each problem, in the order that the tally numbers them; first what is none of these."""
_NUMBERS: Final = {reason: number for number, reason in enumerate(REASONS)}


class Refusal(Exception):  # noqa: N818 - it is an answer, worded for its client
    """A request that is refused before any instance is looked at."""

    def __init__(
        self, status: int, kind: str, title: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.headers = dict(headers or {})

    @classmethod
    def of_shape(cls, detail: str) -> Self:
        """Refuse a body or query that holds no instances where they belong."""
        return cls(422, "invalid-request", "The request holds no instances", detail)


def problem(request: Request, exc: Exception, tally: Tally) -> Response:
    """Answer any error, and count it; one that is nobody's plan is logged with its traceback and told without it."""
    answer = _worded(request, exc)
    if REJECTED not in request.scope.get("state", {}):
        _count(answer.kind, answer.status_code, tally)
    return answer


def rejected_unread(refusal: Refusal, tally: Tally | None) -> tuple[bytes, tuple[bytes, bytes]]:
    """Return the document and the id of what is rejected before it is a request, and count it if that is known."""
    count_unread(refusal, tally)
    made_id = made()
    content = _content(refusal.status, refusal.kind, refusal.title, refusal.detail)
    return msgspec.json.encode(content | {"request_id": made_id.decode("ascii")}), (HEADER, made_id)


def count_unread(refusal: Refusal, tally: Tally | None) -> None:
    """Count what is rejected before it is a request; without a tally the service could not yet start."""
    if tally is not None:
        _count(refusal.kind, refusal.status, tally)
        tally.count_request(ROUTES.index(UNREAD), status_number(refusal.status))


def _count(kind: str, status: int, tally: Tally) -> None:
    tally.count_rejected(_NUMBERS.get((kind, status), 0))


class _Problem(Response):
    """A problem document, and the kind that its type ends with."""

    media_type = MEDIA_TYPE
    kind: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Layers before the one that gives a request its context answer by problems, too.
        await super().__call__(scope, receive, context_of(scope).around(send))


def _worded(request: Request, exc: Exception) -> _Problem:
    if isinstance(exc, Refusal):
        return _document(request, exc.status, exc.kind, exc.title, exc.detail, headers=exc.headers)
    if isinstance(exc, InvalidBatchError):
        status, kind, title = STATUSES[InvalidBatchError]
        first, *rest = (_with_place(flaw) for flaw in exc.flaws)
        detail = f"{first}; and {len(rest)} more" if rest else first
        return _document(request, status, kind, title, detail, errors=exc.flaws)
    if isinstance(exc, HTTPException):
        return _http_error(request, exc)
    if isinstance(exc, ClientDisconnect):
        said = str(exc) or "expected the whole body, got a part of it"
        return _document(request, 400, "disconnected", "Client disconnected", said)
    for known, (status, kind, title) in STATUSES.items():
        if isinstance(exc, known):
            if isinstance(exc, _OF_THE_CLIENTS):
                return _document(request, status, kind, title, str(exc), headers=_headers(exc))
            if not isinstance(exc, ModelRestartingError):  # of which each start that fails is logged, not each request
                log.error("%s %s: %s", request.method, request.scope["path"], exc)
            detail = inner_detail(request.scope, str(exc))
            return _document(request, status, kind, title, detail, headers=_headers(exc))
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=exc)
    return _document(request, 500, "internal", "Internal error", _FOR_STRANGERS)


def inner_detail(scope: Scope, detail: str) -> str:
    """Return what went wrong in here, for whom it may be shown to; a pointer to the log for strangers.

    It may name files of this machine, and what a library has to say of them.
    """
    return detail if is_trusted(scope) else _FOR_STRANGERS


def _headers(exc: ForeseenError) -> dict[str, str]:
    """Return when there will be room, or a model, to whom there was none."""
    if not isinstance(exc, OverloadedError | ModelRestartingError):
        return {}
    return {"Retry-After": str(min(LONGEST_RETRY_S, max(1, ceil(exc.retry_after_s))))}


def place(flaw: Flaw) -> str:
    """Word where a flaw is, as a client would look for it: `instances[3].petal_width`."""
    row = "" if flaw.row is None else f"instances[{flaw.row}]"
    name = flaw.feature or ""
    return row + ("." if row and name else "") + name + "".join(f"[{index}]" for index in flaw.position)


def _with_place(flaw: Flaw) -> str:
    where = place(flaw)
    return f"{where}: {flaw}" if where else str(flaw)


def _http_error(request: Request, exc: HTTPException) -> _Problem:
    """Answer what the router refuses: an unknown path, or another method."""
    path, headers, detail = request.scope["path"], dict(exc.headers or {}), str(exc.detail)
    if exc.status_code == 404:
        detail = f"expected a path such as /predict, /model or /docs, got {path}"
    if exc.status_code == 405:
        # The router names the methods of the first route at this path only; below a mount of files no route matches.
        headers["Allow"] = allowed(request.app.routes, request.scope) or OF_FILES
        detail = f"expected {headers['Allow']} for {path}, got {request.method}"
    return _document(request, exc.status_code, "http", str(exc.detail), detail, headers=headers)


def _document(
    request: Request,
    status: int,
    kind: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[Flaw] = (),
    headers: Mapping[str, str] | None = None,
) -> _Problem:
    content: dict[str, Any] = _content(status, kind, title, detail) | dict(context_of(request.scope).names())
    if errors:
        content["errors"] = [_error(flaw) for flaw in errors]
    sent = {**(headers or {}), "Vary": "Accept"}
    if request.scope["path"] == "/predict":
        sent["Cache-Status"] = BYPASSED
    if prefers_page(request.headers):
        root = request.scope.get("app_root_path", request.scope.get("root_path", ""))  # a mount has a root of its own
        answer = _Problem(error_page(content, root), status, sent | {"Content-Security-Policy": POLICY}, "text/html")
    else:
        answer = _Problem(msgspec.json.encode(content), status, sent)
    answer.kind = kind
    return answer


def _content(status: int, kind: str, title: str, detail: str) -> dict[str, str | int]:
    return {"type": f"urn:foreseen:problem:{kind}", "title": title, "status": status, "detail": detail}


def _error(flaw: Flaw) -> dict[str, str]:
    told = {"place": place(flaw), "expected": flaw.expected, "got": flaw.got}
    return told | {"hint": flaw.hint} if flaw.hint else told
