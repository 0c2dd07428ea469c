"""Rejections by a connection, before there is a request that the application could answer."""

from collections.abc import Iterable
from typing import Final

from httptools import HttpParserCallbackError
from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.request_log.unread_request import UnreadRequest
from foreseen.entrypoints.http.responses.problems import Rejection, rejected_unread

Field = tuple[bytes, bytes]

MAX_HEAD: Final = 64 * 1024
"""Maximum bytes of a request's head, or of the trailers of a chunked body; also of a single read."""

MAX_HEADERS: Final = 100
"""Most header fields of a request."""

MAX_PIPELINED: Final = 100
"""Most requests of a connection that may wait for the answer to an earlier one."""


class RejectedError(Exception):
    """A head that can be parsed but is rejected.

    A new one is made each time: a shared exception would keep alive everything its last traceback refers to.
    """

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.detail)
        self.rejection = rejection


def answer_to(
    rejection: Rejection, tally: Tally | None, default_fields: Iterable[Field], request: UnreadRequest
) -> bytes:
    """Return the bytes of a rejecting response; count it and log its line.

    Args:
        tally: None while the service has not started.
        default_fields: fields of every answer, such as Date.
        request: what is known about the request; the response to a HEAD has no body.
    """
    has_body = request.method != "HEAD"
    fields, body = _answer(rejection, tally, request, has_body=has_body)
    lines = [b"HTTP/1.1 %d %s" % (rejection.status, rejection.title.encode())]
    lines += [name + b": " + value for name, value in (*default_fields, *fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body if has_body else b"")


def rejecting_app(
    rejection: Rejection, tally: Tally | None, more_fields: Iterable[Field], request: UnreadRequest
) -> ASGIApp:
    """Return an application that answers one request of a pipeline with its rejection."""

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        fields, body = _answer(rejection, tally, request)
        await send({"type": "http.response.start", "status": rejection.status, "headers": [*more_fields, *fields]})
        await send({"type": "http.response.body", "body": body})

    return answer


def _answer(
    rejection: Rejection, tally: Tally | None, request: UnreadRequest, *, has_body: bool = True
) -> tuple[list[Field], bytes]:
    path = request.path.decode("ascii", errors="replace")
    body, media_type, request_id = rejected_unread(rejection, tally, path)
    request.log(rejection.status, len(body) if has_body else 0, request_id[1])
    fields = [
        (b"content-type", media_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        request_id,
        *((name.lower().encode(), value.encode()) for name, value in rejection.headers.items()),
    ]
    return fields, body


def unreadable(exc: Exception) -> Rejection:
    """Return the rejection for an error of the parser."""
    if isinstance(exc, HttpParserCallbackError):  # raised by our callback, which reads the target
        return malformed("a target that is a path or a URL, got another")
    return malformed(f"a request of HTTP/1.1, got one that cannot be read: {exc}")


def malformed(detail: str) -> Rejection:
    """Return the rejection of a malformed request (400), with what was expected."""
    return Rejection(400, "malformed", "The request is malformed", f"expected {detail}")


_LATE: Final = "expected the whole request within receive_timeout, got a part of it"
_LARGE: Final = f"expected at most {MAX_HEADERS} header fields and {MAX_HEAD} bytes, got more"
_MANY: Final = "expected a free connection, got more than max_connections allows"

TOO_MANY_AHEAD: Final = malformed(f"at most {MAX_PIPELINED} pipelined requests, got more")
ONE_HOST: Final = malformed("one Host field, as HTTP/1.1 demands (RFC 9112, 3.2), got none or several")
NO_TUNNEL: Final = malformed("a request for this service, got one for a tunnel (CONNECT)")
TOO_SLOW: Final = Rejection(408, "too-slow", "The request took too long to arrive", _LATE)
HEAD_TOO_LARGE: Final = Rejection(431, "head-too-large", "The head of the request is too large", _LARGE)
TOO_MANY_CONNECTIONS: Final = Rejection(
    503, "too-many-connections", "Too many connections", _MANY, {"Retry-After": "1"}
)
