"""Problem documents (RFC 9457): the status, type and title of every error."""

import logging
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final, Self

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from foreseen.domain.counters import Tally
from foreseen.domain.errors import (
    CacheError,
    DeadlineExceededError,
    ForeseenError,
    InvalidBatchError,
    ModelRestartingError,
    ModelUnavailableError,
    NotCachedError,
    OverloadedError,
    PredictionError,
    Violation,
)
from foreseen.entrypoints.http.counting.counted_routes import ROUTES, UNREAD, is_predicting, status_number
from foreseen.entrypoints.http.origins.locality import is_trusted
from foreseen.entrypoints.http.request_log.request_context import REJECTED, context_of
from foreseen.entrypoints.http.request_log.request_ids import HEADER, made
from foreseen.entrypoints.http.responses.allowed_methods import OF_FILES, allowed
from foreseen.entrypoints.http.responses.answer_response import BYPASSED
from foreseen.entrypoints.http.responses.content_negotiation import prefers_page
from foreseen.entrypoints.http.responses.error_page import error_page
from foreseen.entrypoints.http.responses.html_pages import POLICY
from foreseen.entrypoints.http.responses.problem_formats import format_of

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
"""Errors that clients cause by their headers, or by sending too much: counted, but not logged one by one."""

_FOR_STRANGERS: Final = "an error of the service itself; its log says more"

LONGEST_RETRY_S: Final = 60
"""Upper bound of Retry-After, seconds: by then, the load may have changed."""

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
    ("invalid-instances", 400),
    ("invalid-request", 400),
    ("http", 409),
)
"""Type and status of each problem, in the order of their numbers in the tally; the first is used for any other."""
_NUMBERS: Final = {reason: number for number, reason in enumerate(REASONS)}


class Rejection(Exception):  # noqa: N818 - an answer for the client
    """A request that is rejected before any instance is read."""

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
        """Return the rejection of a body or query of the wrong shape (422)."""
        return cls(422, "invalid-request", "The request contains no instances", detail)


def problem(request: Request, exc: Exception, tally: Tally) -> Response:
    """Return the problem document of an error, and count it; an unexpected error is logged with its traceback."""
    answer = _worded(request, exc)
    if REJECTED not in request.scope.get("state", {}):
        _count(answer.kind, answer.status_code, tally)
    return answer


def rejected_unread(
    rejection: Rejection, tally: Tally | None, path: str = ""
) -> tuple[bytes, str, tuple[bytes, bytes]]:
    """Return the document of a request that could not be read, its media type, and the id field; count the request.

    Args:
        tally: None for not to count it.
        path: empty if it was not read.
    """
    count_unread(rejection, tally)
    made_id = made()
    content = _content(rejection.status, rejection.kind, rejection.title, rejection.detail)
    content |= {"request_id": made_id.decode("ascii")}
    known = format_of(path)
    body, media_type = (msgspec.json.encode(content), MEDIA_TYPE) if known is None else known.write(content)
    return body, media_type, (HEADER, made_id)


def count_unread(rejection: Rejection, tally: Tally | None) -> None:
    """Count a request that could not be read; without a tally, since the service has not started, do nothing."""
    if tally is not None:
        _count(rejection.kind, rejection.status, tally)
        tally.count_request(ROUTES.index(UNREAD), status_number(rejection.status))


def _count(kind: str, status: int, tally: Tally) -> None:
    tally.count_rejected(_NUMBERS.get((kind, status), 0))


class _Problem(Response):
    """A problem document, and the kind that its type ends with."""

    media_type = MEDIA_TYPE
    kind: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Layers outside the one that creates contexts answer with problems too.
        await super().__call__(scope, receive, context_of(scope).around(send))


def _worded(request: Request, exc: Exception) -> _Problem:
    if isinstance(exc, Rejection):
        return _document(request, exc.status, exc.kind, exc.title, exc.detail, headers=exc.headers)
    if isinstance(exc, InvalidBatchError):
        status, kind, title = STATUSES[InvalidBatchError]
        first, *rest = (_with_place(violation) for violation in exc.violations)
        detail = f"{first}; and {len(rest)} more" if rest else first
        return _document(request, status, kind, title, detail, errors=exc.violations)
    if isinstance(exc, HTTPException):
        return _http_error(request, exc)
    if isinstance(exc, ClientDisconnect):
        said = str(exc) or "expected the whole body, got a part of it"
        return _document(request, 400, "disconnected", "Client disconnected", said)
    for known, (status, kind, title) in STATUSES.items():
        if isinstance(exc, known):
            if isinstance(exc, _OF_THE_CLIENTS):
                return _document(request, status, kind, title, str(exc), headers=_headers(exc))
            if not isinstance(exc, ModelRestartingError):  # logged once for each start that fails, not for each request
                log.error("%s %s: %s", request.method, request.scope["path"], exc)
            detail = inner_detail(request.scope, str(exc))
            return _document(request, status, kind, title, detail, headers=_headers(exc))
    log.error("%s %s failed", request.method, request.scope["path"], exc_info=exc)
    return _document(request, 500, "internal", "Internal error", _FOR_STRANGERS)


def inner_detail(scope: Scope, detail: str) -> str:
    """Return the detail of an internal error for trusted clients, and a pointer to the log for others.

    It may name files of this machine, and quote the messages of libraries.
    """
    return detail if is_trusted(scope) else _FOR_STRANGERS


def _headers(exc: ForeseenError) -> dict[str, str]:
    """Return Retry-After for a full queue or a restarting model, and no field for other errors."""
    if not isinstance(exc, OverloadedError | ModelRestartingError):
        return {}
    return {"Retry-After": str(min(LONGEST_RETRY_S, max(1, ceil(exc.retry_after_s))))}


def place(violation: Violation) -> str:
    """Return the place of a violation as a path in the request: `instances[3].petal_width`."""
    row = "" if violation.row is None else f"instances[{violation.row}]"
    name = violation.feature or ""
    return row + ("." if row and name else "") + name + "".join(f"[{index}]" for index in violation.position)


def _with_place(violation: Violation) -> str:
    where = place(violation)
    return f"{where}: {violation}" if where else str(violation)


def _http_error(request: Request, exc: HTTPException) -> _Problem:
    """Return the problem of an error of the router: an unknown path, or a method that is not allowed."""
    path, headers, detail = request.scope["path"], dict(exc.headers or {}), str(exc.detail)
    if exc.status_code == 404:
        detail = f"expected a path such as /predict, /invocations, /model or /docs, got {path}"
    if exc.status_code == 405:
        # The router would name only the methods of the first route at this path. No route matches below static files.
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
    errors: Sequence[Violation] = (),
    headers: Mapping[str, str] | None = None,
) -> _Problem:
    context = context_of(request.scope)
    known = format_of(request.scope["path"])
    status = status if known is None else known.statuses.get(status, status)
    content: dict[str, object] = {**_content(status, kind, title, detail), **dict(context.names())}
    if errors:
        content["errors"] = [_error(violation) for violation in errors]
    sent = {**(headers or {}), "Vary": "Accept"}
    if is_predicting(request.scope["path"]):
        sent["Cache-Status"] = BYPASSED
    write = context.write_problem or (None if known is None else known.write)
    if write is not None:
        body, media_type = write(content)
        answer = _Problem(body, status, sent, media_type)
    elif prefers_page(request.headers):
        root = request.scope.get("app_root_path", request.scope.get("root_path", ""))  # the latter changes in a mount
        answer = _Problem(error_page(content, root), status, sent | {"Content-Security-Policy": POLICY}, "text/html")
    else:
        answer = _Problem(msgspec.json.encode(content), status, sent)
    answer.kind = kind
    return answer


def _content(status: int, kind: str, title: str, detail: str) -> dict[str, str | int]:
    return {"type": f"urn:foreseen:problem:{kind}", "title": title, "status": status, "detail": detail}


def _error(violation: Violation) -> dict[str, str]:
    content = {"place": place(violation), "expected": violation.expected, "got": violation.got}
    return content | {"hint": violation.hint} if violation.hint else content
