"""BoundedProtocol: what a connection may cost before a request is whole, and after it is answered."""

from typing import Any, Final, NamedTuple

import httptools

from foreseen.entrypoints.http.request_log.header_fields import FIELDS
from foreseen.entrypoints.http.requests.framing import HASH, PERCENT, check_chunks, check_host, check_path, origin_form
from foreseen.entrypoints.http.responses.connection_rejections import (
    HEAD_TOO_LARGE,
    MAX_HEAD,
    MAX_HEADERS,
    MAX_PIPELINED,
    TOO_MANY_AHEAD,
    TOO_MANY_CONNECTIONS,
    TOO_SLOW,
    RejectedError,
)
from foreseen.entrypoints.http.server.lingering_close import MAX_DISCARDED
from foreseen.entrypoints.http.server.rejecting_protocol import RejectingProtocol

FIRST_BYTE_S: Final = 5.0
"""Seconds that a connection may take to send its first byte."""


class Bounds(NamedTuple):
    """What may be set of it.

    Attributes:
        receive_timeout_s: from a request's first byte to its last; and for a client to take what is sent to it.
    """

    receive_timeout_s: float


class BoundedProtocol(RejectingProtocol):
    """A protocol that gives up on a client which sends too much, too slowly, or nothing; and says so, if it can.

    uvicorn times nothing but the wait for the next request, and counts nothing. A request that comes whole in one read,
    as nearly all do, pays for this with a few comparisons: a timer runs only while something is unfinished.
    """

    is_stopping = False
    """Whether the next answer is the last of its connection."""

    def __init__(self, *args: Any, bounds: Bounds, **kwargs: Any) -> None:
        """Accept what uvicorn and the classes before pass on, and the bounds."""
        super().__init__(*args, longest_s=bounds.receive_timeout_s, **kwargs)
        self._bounds = bounds
        self._is_chunked = False
        self._is_kept: bool | None = None
        self._unfinished_bytes = 0
        self.headers = []  # uvicorn makes its own with the first request

    def connection_made(self, transport: Any) -> None:
        """Reject one connection too many; wait for the first request less long than for the next."""
        super().connection_made(transport)
        if not self._arrivals.admit(self, len(self.connections)):
            self.connections.discard(self)
            self._reject(TOO_MANY_CONNECTIONS)
            return
        self.timeout_keep_alive_task = self.loop.call_later(FIRST_BYTE_S, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        super().connection_lost(exc)
        self._arrivals.forget(self)
        self._unset_keepalive_if_required()
        if self._due is not None:
            self._due.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and bound what did not come yet."""
        if len(data) > MAX_HEAD:
            self._received_much(data)
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserUpgrade, httptools.HttpParserError) as exc:
            rejection = self._reason(exc, data)
            if rejection is not None:
                self._reject(rejection)
                return
        cycle: Any = self.cycle  # none before the first request
        if (
            self._due is not None
            or cycle is None
            or cycle.more_body
            or cycle.response_complete
            or cycle.scope is not self.scope
        ):
            self._bound(len(data))

    def on_headers_complete(self) -> None:
        """Reject a head of too many fields, of no host or two, or of a body whose end is in doubt.

        And too many requests ahead of their answers. While the service stops, a request is the last of its connection.
        """
        if len(self.headers) > MAX_HEADERS or len(self.url) >= MAX_HEAD:  # of which some parsers accept any length
            raise RejectedError(HEAD_TOO_LARGE)
        if len(self.pipeline) >= MAX_PIPELINED:
            raise RejectedError(TOO_MANY_AHEAD)
        scope: Any = self.scope
        fields = scope[FIELDS] = dict(self.headers)
        if b"host" not in fields or len(fields) < len(self.headers):
            check_host(self.headers, self.parser.get_http_version())
        is_chunked = self._is_chunked = b"transfer-encoding" in fields
        if self.expect_100_continue and self.parser.get_http_version() != "1.1":
            self.expect_100_continue = False  # a client of HTTP/1.0 takes 100 for its answer (RFC 9110, 10.1.1)
        if is_chunked:
            check_chunks(self.headers, self.parser.get_http_version())
        if self.url[:1] != b"/":
            self.url = origin_form(self.headers, self.url)
            scope[FIELDS] = dict(self.headers)  # with the host of the target
        if PERCENT in self.url or HASH in self.url:
            check_path(self.url)
        super().on_headers_complete()
        if self.is_stopping and self.cycle is not None:
            self.cycle.keep_alive = False
        if is_chunked and not self.parser.should_upgrade():
            # Fields that follow the body are no part of the head, which has been checked by now (RFC 9110, 6.5.1).
            self.headers = []

    def _received_much(self, data: bytes) -> None:
        for start in range(0, len(data), MAX_HEAD):
            if self.transport.is_closing():
                return
            self.data_received(data[start : start + MAX_HEAD])

    def _bound(self, received: int) -> None:
        """Bound what is unfinished after a read of so many bytes: a head, a body, or what is neither."""
        cycle: Any = self.cycle
        is_in_head = cycle is None or cycle.scope is not self.scope
        if (self._is_chunked or self.expect_100_continue) and not is_in_head:
            self._keep_unless_early()
        if not (is_in_head or cycle.more_body or cycle.response_complete):
            self._unfinished_bytes = 0
            if self._due is not None:
                self._due.cancel()
                self._due = None
            return
        is_discarded = not is_in_head and cycle.response_complete
        # What is around chunks, and follows them, may be as endless as a head.
        has_body = not is_in_head and len(cycle.body) > 0
        self._unfinished_bytes = 0 if has_body else self._unfinished_bytes + received
        if is_discarded and self._unfinished_bytes > MAX_DISCARDED:
            self.joining.close_at_once()
        elif not is_discarded and (self._unfinished_bytes > MAX_HEAD or len(self.headers) > MAX_HEADERS):
            self._reject(HEAD_TOO_LARGE)
        elif self._due is None:
            self._due = self.loop.call_later(self._bounds.receive_timeout_s, self._give_up)

    def _give_up(self) -> None:
        """End a connection whose request, or whatever else it sends, has not ended."""
        self._due = None
        cycle: Any = self.cycle
        if self.flow.read_paused:  # it is we who do not read
            self._due = self.loop.call_later(self._bounds.receive_timeout_s, self._give_up)
        elif cycle is not None and cycle.scope is self.scope and cycle.response_complete:
            self.joining.close_at_once()
        else:
            self._reject(TOO_SLOW)

    def _keep_unless_early(self) -> None:
        """Close after an answer that comes before a body in chunks is whole, or one that its client waits to send.

        A client that expects 100 (Continue) may send the body all the same, or its next request: where one ends and
        the other begins is not known then (RFC 9110, 10.1.1). Chunks are discarded unread, as fields may follow them.
        """
        cycle: Any = self.cycle
        if cycle.response_complete:
            return
        is_early = cycle.more_body and (self._is_chunked or self._is_kept is None)
        if self._is_kept is None:
            self._is_kept = cycle.keep_alive
        cycle.keep_alive = self._is_kept and not is_early and not self.is_stopping
        if not cycle.more_body:
            self._is_kept = None

    def _should_upgrade(self) -> bool:
        """Have uvicorn leave a request for another protocol to us: it is called for no others."""
        return True
