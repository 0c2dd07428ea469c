"""RejectingProtocol: how a connection answers what is no request, and closes so that its client reads the answer."""

from typing import TYPE_CHECKING, Any

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

    from foreseen.entrypoints.http.middleware.cross_origin import AllowedOrigins
    from foreseen.entrypoints.http.responses.problems import Rejection
    from foreseen.entrypoints.http.server.connection_limit import Arrivals


class RejectingProtocol(BoundedSending):
    """A protocol that rejects what it cannot read as a request, after the answers that it owes by then."""

    def __init__(self, *args: Any, arrivals: "Arrivals", longest_s: float, **kwargs: Any) -> None:
        """Accept what uvicorn passes on, the connections of this process, and the seconds that a client may take."""
        super().__init__(*args, longest_s=longest_s, **kwargs)
        self._arrivals = arrivals
        self._is_rejected = False
        self._due: asyncio.TimerHandle | None = None

    def has_sent_a_head(self) -> bool:
        """Return whether the head of a request has come, whole."""
        return self.cycle is not None

    def idle_s(self) -> float | None:
        """Return for how many seconds there was nothing to do since the last answer; None where there is something."""
        ends = self.timeout_keep_alive_task  # it runs from an answer to the next byte
        if ends is None or not self.has_sent_a_head() or self._due is not None or self.is_stuck:
            return None
        return self.loop.time() - (ends.when() - self.timeout_keep_alive)

    def give_way(self) -> None:
        """Close, because a newer connection takes this one's place; without a word where it would answer no request."""
        self.connections.discard(self)
        if self._is_rejected and self._arrivals.turn_away(self):
            return  # its client may read why, in one of the places for that
        if self._is_rejected or self.transport.is_closing() or self.idle_s() is not None:
            self.joining.leave()
        else:
            self._reject(TOO_MANY_CONNECTIONS)

    def _reason(self, exc: Exception, data: bytes) -> "Rejection | None":
        """Return why what came is rejected; None once the upgrades in it are ignored and all of it is read."""
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
        # The parser makes its own error of one that is raised while it calls us.
        rejected = exc.__context__
        return rejected.rejection if isinstance(rejected, RejectedError) else unreadable(exc)

    def _linger(self) -> bool:
        """Read on before closing where the client may still be sending."""
        cycle: Any = self.cycle
        is_heard = cycle is None or not (cycle.more_body or cycle.scope is not self.scope or self.pipeline)
        if is_heard and not self._is_rejected:
            return False
        if self not in self.connections and not self._arrivals.turn_away(self):
            self.joining.leave()
            return False
        if self._due is not None:
            self._due.cancel()
        Lingering(self.joining.inner, self, self.loop, most_s=self._longest_s)
        return True

    def _reject(self, rejection: "Rejection") -> None:
        """Answer and close, after the answers to earlier requests; once, as what follows cannot be read either.

        A request that has come whole is answered, and nothing after it. One that has not is answered by why, unless
        its answer has begun.
        """
        if self._is_rejected:
            return
        self._is_rejected = True
        cycle: Any = self.cycle
        tally = self.app_state.get("tally")
        is_owed = cycle is not None and not cycle.response_complete
        if is_owed and not cycle.more_body:
            cycle.keep_alive = False
            return
        if is_owed and self.pipeline:  # it is the newest in there
            cycle.keep_alive = False
            self.pipeline[0] = (cycle, rejecting_app(rejection, tally, self._origin_fields(), self._unread()))  # type: ignore[assignment]
            return
        if is_owed:
            cycle.disconnected = True  # the application need not answer any more
            cycle.message_event.set()
        if not (is_owed and cycle.response_started):
            if is_owed:
                cycle.scope["state"][REJECTED] = True
            fields = [*self.server_state.default_headers, *self._origin_fields()]
            self.transport.write(answer_to(rejection, tally, fields, self._unread()))
        self.transport.close()

    def _unread(self) -> UnreadRequest:
        """Return what is known of the request that is rejected."""
        access_log = self.app_state.get("access_log")
        scope: Any = self.scope  # none before the first request
        cycle: Any = self.cycle
        is_of_the_one_before = cycle is not None and cycle.scope is scope and not cycle.more_body
        if scope is None or self.url == b"" or is_of_the_one_before:
            return UnreadRequest(access_log, client=self.client)
        method = self.parser.get_method().decode("ascii")
        return UnreadRequest(access_log, method, self.url.partition(b"?")[0], self.client)

    def _origin_fields(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return the fields that let a page of another site read an answer."""
        origins: AllowedOrigins | None = self.app_state.get("origins")
        return () if origins is None else origins.fields(self.headers)
