"""RejectingProtocol: rejects what is not a valid request, and closes so that the client can read the answer."""

from typing import TYPE_CHECKING, cast

import httptools

from foreseen.entrypoints.http.request_log.request_context import REJECTED
from foreseen.entrypoints.http.request_log.unread_request import UnreadRequest
from foreseen.entrypoints.http.responses.connection_rejections import (
    NO_TUNNEL,
    TOO_MANY_CONNECTIONS,
    RejectedError,
    answer_to,
    rejecting_app,
    unreadable,
)
from foreseen.entrypoints.http.server.bounded_sending import BoundedSending
from foreseen.entrypoints.http.server.lingering_close import Lingering
from foreseen.entrypoints.http.server.protocol_upgrades import fresh_parser, head_without_upgrade

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Scope
    from typing_extensions import Unpack

    from foreseen.entrypoints.http.middleware.cross_origin import AllowedOrigins
    from foreseen.entrypoints.http.responses.problems import Rejection
    from foreseen.entrypoints.http.server.connection_limit import Arrivals
    from foreseen.entrypoints.http.server.single_write import OfUvicorn


class RejectingProtocol(BoundedSending):
    """A protocol that rejects what it cannot read as a request, after the answers to earlier requests."""

    def __init__(self, *, arrivals: "Arrivals", longest_s: float, **given: "Unpack[OfUvicorn]") -> None:
        """Accept uvicorn's arguments, and the connections of this process.

        Args:
            longest_s: seconds that a client has to read what is sent, and may send after a rejection.
        """
        super().__init__(longest_s=longest_s, **given)
        self._arrivals = arrivals
        self._is_rejected = False
        self._due: asyncio.TimerHandle | None = None

    def has_sent_a_head(self) -> bool:
        """Return whether the whole head of a request has arrived."""
        return self.cycle is not None

    def idle_s(self) -> float | None:
        """Return the seconds since the last answer if the connection is idle; None if it is not."""
        ends = self.timeout_keep_alive_task  # set from an answer to the next byte
        if ends is None or not self.has_sent_a_head() or self._due is not None or self.is_stuck:
            return None
        return self.loop.time() - (ends.when() - self.timeout_keep_alive)

    def give_way(self) -> None:
        """Close, because a newer connection takes this one's place; without an answer if it is idle."""
        self.connections.discard(self)
        if self._is_rejected and self._arrivals.may_stay(self):
            return  # it stays open until its client has read why
        if self._is_rejected or self.transport.is_closing() or self.idle_s() is not None:
            self.joining.leave()
        else:
            self._reject(TOO_MANY_CONNECTIONS)

    def _reason(self, exc: Exception, data: bytes) -> "Rejection | None":
        """Return the rejection for an error of the parser; None if it was an upgrade, and the rest could be parsed."""
        while isinstance(exc, httptools.HttpParserUpgrade):
            if self.scope["method"] == "CONNECT":
                return NO_TUNNEL
            version = self.parser.get_http_version()
            head = head_without_upgrade(self.scope["method"], self.url, version, self.headers)
            data = head + data[exc.args[0] :]
            self.parser = fresh_parser(self)
            try:
                self.parser.feed_data(data)
            except (httptools.HttpParserUpgrade, httptools.HttpParserError) as more:
                exc = more
            else:
                return None
        # The parser wraps an error that its callbacks raise.
        rejected = exc.__context__
        return rejected.rejection if isinstance(rejected, RejectedError) else unreadable(exc)

    def _linger(self) -> bool:
        """Return whether the connection stays open for now, to read and discard what its client still sends."""
        cycle = self.cycle
        is_read = cycle is None or not (cycle.more_body or cycle.scope is not self.scope or self.pipeline)
        if is_read and not self._is_rejected:
            return False
        if self not in self.connections and not self._arrivals.may_stay(self):
            self.joining.leave()
            return False
        if self._due is not None:
            self._due.cancel()
        Lingering(self.joining.inner, self, self.loop, most_s=self._longest_s)
        return True

    def _reject(self, rejection: "Rejection") -> None:
        """Answer with a rejection and close; later calls do nothing, since what follows cannot be read either.

        Earlier requests are answered first. If a complete request still waits for its answer, it gets that, and the
        connection closes without the rejection. A request of which only a part arrived gets the rejection, unless its
        answer has begun.
        """
        if self._is_rejected:
            return
        self._is_rejected = True
        cycle = self.cycle
        tally = self.app_state.get("tally")
        owed = cycle if cycle is not None and not cycle.response_complete else None
        if owed is not None and not owed.more_body:
            owed.keep_alive = False
            return
        if owed is not None and self.pipeline:  # the last request, which is the newest in the pipeline
            owed.keep_alive = False
            self.pipeline[0] = (owed, rejecting_app(rejection, tally, self._origin_fields(), self._unread()))  # type: ignore[assignment]
            return
        if owed is not None:
            owed.disconnected = True  # so that the application stops
            owed.message_event.set()
        if owed is None or not owed.response_started:
            if owed is not None:
                owed.scope["state"][REJECTED] = True
            fields = [*self.server_state.default_headers, *self._origin_fields()]
            self.transport.write(answer_to(rejection, tally, fields, self._unread()))
        self.transport.close()

    def _unread(self) -> UnreadRequest:
        """Return what is known about the rejected request."""
        access_log = self.app_state.get("access_log")
        scope = cast("Scope | None", self.scope)  # none before the first request
        cycle = self.cycle
        is_of_the_one_before = cycle is not None and cycle.scope is scope and not cycle.more_body
        if scope is None or self.url == b"" or is_of_the_one_before:
            return UnreadRequest(access_log, client=self.client)
        method = self.parser.get_method().decode("ascii")
        return UnreadRequest(access_log, method, self.url.partition(b"?")[0], self.client)

    def _origin_fields(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return the response fields that let pages of allowed origins read an answer."""
        origins: AllowedOrigins | None = self.app_state.get("origins")
        return () if origins is None else origins.fields(self.headers)
