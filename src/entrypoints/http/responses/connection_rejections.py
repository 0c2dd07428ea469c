"""Rejections: what a connection answers where there is no request yet that the application could answer."""

from collections.abc import Iterable
from typing import Final

from httptools import HttpParserCallbackError
from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.request_log.unread_request import UnreadRequest
from foreseen.entrypoints.http.responses.problems import MEDIA_TYPE, Refusal, rejected_unread

Field = tuple[bytes, bytes]

MAX_HEAD: Final = 64 * 1024
"""Bytes that a request's head, or what follows a body in chunks, may come to in several reads, and of one read."""

MAX_HEADERS: Final = 100
"""Header fields of a request."""

MAX_PIPELINED: Final = 100
"""Requests of a connection that may wait for the answer to one before them."""


class RejectedError(Exception):
    """A head that can be read, and is rejected.

    Each time a new one: a refusal that is shared would keep alive what its last traceback leads to.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def answer_to(refusal: Refusal, tally: Tally | None, default_fields: Iterable[Field], request: UnreadRequest) -> bytes:
    """Return the bytes of an answer, count it, and have its line written.

    Args:
        tally: None where the service could not yet start.
        request: of the answer to a HEAD the body's length is all that is sent.
    """
    has_body = request.method != "HEAD"
    fields, body = _answer(refusal, tally, request, has_body=has_body)
    lines = [b"HTTP/1.1 %d %s" % (refusal.status, refusal.title.encode())]
    lines += [name + b": " + value for name, value in (*default_fields, *fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body if has_body else b"")


def rejecting_app(
    refusal: Refusal, tally: Tally | None, more_fields: Iterable[Field], request: UnreadRequest
) -> ASGIApp:
    """Return an application that answers one request, in its turn, by why it is rejected."""

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        fields, body = _answer(refusal, tally, request)
        await send({"type": "http.response.start", "status": refusal.status, "headers": [*more_fields, *fields]})
        await send({"type": "http.response.body", "body": body})

    return answer


def _answer(
    refusal: Refusal, tally: Tally | None, request: UnreadRequest, *, has_body: bool = True
) -> tuple[list[Field], bytes]:
    body, request_id = rejected_unread(refusal, tally)
    request.log(refusal.status, len(body) if has_body else 0, request_id[1])
    fields = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        request_id,
        *((name.lower().encode(), value.encode()) for name, value in refusal.headers.items()),
    ]
    return fields, body


def unreadable(exc: Exception) -> Refusal:
    """Return the refusal of what the parser could not read."""
    if isinstance(exc, HttpParserCallbackError):  # which says no more: the target is read by us
        return malformed("a target that is a path or a URL, got another")
    return malformed(f"a request of HTTP/1.1, got one that cannot be read: {exc}")


def malformed(detail: str) -> Refusal:
    """Return the refusal of a request that was expected to be something else."""
    return Refusal(400, "malformed", "The request is malformed", f"expected {detail}")


_LATE: Final = "expected the whole request within receive_timeout, got a part of it"
_LARGE: Final = f"expected at most {MAX_HEADERS} header fields and {MAX_HEAD} bytes, got more"
_MANY: Final = "expected a free connection, got more than max_connections allows"

TOO_MANY_AHEAD: Final = malformed(f"at most {MAX_PIPELINED} requests ahead of their answers, got more")
ONE_HOST: Final = malformed("one Host field, as HTTP/1.1 demands (RFC 9112, 3.2), got none or several")
NO_TUNNEL: Final = malformed("a request for this service, got one for a tunnel (CONNECT)")
TOO_SLOW: Final = Refusal(408, "too-slow", "The request took too long to arrive", _LATE)
HEAD_TOO_LARGE: Final = Refusal(431, "head-too-large", "The head of the request is too large", _LARGE)
TOO_MANY_CONNECTIONS: Final = Refusal(503, "too-many-connections", "Too many connections", _MANY, {"Retry-After": "1"})
