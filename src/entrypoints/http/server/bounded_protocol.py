"""BoundedProtocol: limits of a connection until a request is complete, and after its answer."""

from typing import TYPE_CHECKING, Final, NamedTuple

import httptools

from foreseen.entrypoints.http.request_log.request_context import FIELDS
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

if TYPE_CHECKING:
    import asyncio

    from typing_extensions import Unpack
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from foreseen.entrypoints.http.server.connection_limit import Arrivals
    from foreseen.entrypoints.http.server.single_write import OfUvicorn

FIRST_BYTE_S: Final = 5.0
"""Seconds that a connection may take to send its first byte."""


class Bounds(NamedTuple):
    """The limits of a connection that settings choose.

    Attributes:
        receive_timeout_s: seconds from a request's first byte to its last, and for a client to read what was sent.
    """

    receive_timeout_s: float


class BoundedProtocol(RejectingProtocol):
    """A protocol that rejects a client which sends too much, too slowly, or nothing.

    uvicorn limits only the wait for the next request. For a request that arrives in one read, as nearly all do, the
    limits cost a few comparisons: a timer runs only while something is unfinished.
    """

    is_stopping = False
    """Whether the next answer will be the last of its connection."""

    def __init__(self, *, arrivals: "Arrivals", bounds: Bounds, **given: "Unpack[OfUvicorn]") -> None:
        """Accept what uvicorn passes on, the connections of this process, and the bounds."""
        super().__init__(arrivals=arrivals, longest_s=bounds.receive_timeout_s, **given)
        self._bounds = bounds
        self._is_chunked = False
        self._is_kept: bool | None = None
        self._unfinished_bytes = 0
        self.headers = []  # uvicorn makes its own with the first request

    def connection_made(self, transport: "asyncio.BaseTransport") -> None:
        """Admit the connection if there is room, and wait for its first byte; otherwise reject it (503)."""
        super().connection_made(transport)
        if not self._arrivals.admit(self, len(self.connections)):
            self.connections.discard(self)
            self._reject(TOO_MANY_CONNECTIONS)
            return
        self.timeout_keep_alive_task = self.loop.call_later(FIRST_BYTE_S, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers, and free the connection's place."""
        super().connection_lost(exc)
        self._arrivals.forget(self)
        self._unset_keepalive_if_required()
        if self._due is not None:
            self._due.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse the data, and set limits to what has not arrived yet."""
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
        cycle = self.cycle  # none before the first request
        if (
            self._due is not None
            or cycle is None
            or cycle.more_body
            or cycle.response_complete
            or cycle.scope is not self.scope
        ):
            self._bound(len(data))

    def on_headers_complete(self) -> None:
        """Begin a request. While the service stops, it is the last one of its connection.

        Raises:
            RejectedError: the head has too many fields, no host or several, an invalid target or a body of unclear
                length; or too many pipelined requests wait.
        """
        if len(self.headers) > MAX_HEADERS or len(self.url) >= MAX_HEAD:  # some parsers accept a target of any length
            raise RejectedError(HEAD_TOO_LARGE)
        if len(self.pipeline) >= MAX_PIPELINED:
            raise RejectedError(TOO_MANY_AHEAD)
        scope = self.scope
        fields = scope[FIELDS] = dict(self.headers)
        if b"host" not in fields or len(fields) < len(self.headers):
            check_host(self.headers, self.parser.get_http_version())
        is_chunked = self._is_chunked = b"transfer-encoding" in fields
        if self.expect_100_continue and self.parser.get_http_version() != "1.1":
            self.expect_100_continue = False  # an HTTP/1.0 client would take 100 for its answer (RFC 9110, 10.1.1)
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
            # For the fields after the body, which are not part of the head (RFC 9110, 6.5.1).
            self.headers = []

    def _received_much(self, data: bytes) -> None:
        for start in range(0, len(data), MAX_HEAD):
            if self.transport.is_closing():
                return
            self.data_received(data[start : start + MAX_HEAD])

    def _bound(self, received: int) -> None:
        """Limit what is unfinished after a read of so many bytes: a head, a body, or other data."""
        cycle = self.cycle
        begun = None if cycle is None or cycle.scope is not self.scope else cycle  # None within a head
        if (self._is_chunked or self.expect_100_continue) and begun is not None:
            self._keep_unless_early(begun)
        if begun is not None and not (begun.more_body or begun.response_complete):
            self._unfinished_bytes = 0
            if self._due is not None:
                self._due.cancel()
                self._due = None
            return
        is_discarded = self._is_after_an_answer()
        # The sizes of chunks, and the fields after them, may be as endless as a head.
        has_body = begun is not None and len(begun.body) > 0
        self._unfinished_bytes = 0 if has_body else self._unfinished_bytes + received
        if is_discarded and self._unfinished_bytes > MAX_DISCARDED:
            self.joining.close_at_once()
        elif not is_discarded and (self._unfinished_bytes > MAX_HEAD or len(self.headers) > MAX_HEADERS):
            self._reject(HEAD_TOO_LARGE)
        elif self._due is None:
            self._due = self.loop.call_later(self._bounds.receive_timeout_s, self._give_up)

    def _give_up(self) -> None:
        """Reject a request that has not arrived in time, or close if its answer was sent already."""
        self._due = None
        if self.flow.read_paused:  # not the client's fault: we have stopped reading
            self._due = self.loop.call_later(self._bounds.receive_timeout_s, self._give_up)
        elif self._is_after_an_answer():
            self.joining.close_at_once()
        else:
            self._reject(TOO_SLOW)

    def _is_after_an_answer(self) -> bool:
        """Return whether the data received belongs to an answered request, or to none."""
        cycle = self.cycle
        return cycle is not None and cycle.scope is self.scope and cycle.response_complete

    def _keep_unless_early(self, cycle: "RequestResponseCycle") -> None:
        """Close the connection after an answer that precedes the end of a chunked body, or of one after 100 (Continue).

        A client that expects 100 may nevertheless send the body, or its next request instead: where one ends and the
        other begins is then unknown (RFC 9110, 10.1.1). The rest of chunks is discarded, since fields may follow them.
        """
        if cycle.response_complete:
            return
        is_early = cycle.more_body and (self._is_chunked or self._is_kept is None)
        if self._is_kept is None:
            self._is_kept = cycle.keep_alive
        cycle.keep_alive = self._is_kept and not is_early and not self.is_stopping
        if not cycle.more_body:
            self._is_kept = None

    def _should_upgrade(self) -> bool:
        """Return True, so that uvicorn leaves requests for another protocol to us; it calls this for those only."""
        return True
