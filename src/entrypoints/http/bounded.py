"""BoundedProtocol: what a connection may cost before a request is whole, and after it is answered."""

import resource
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httptools

from foreseen.entrypoints.http.hosts import authority_of
from foreseen.entrypoints.http.one_write import OneWriteProtocol
from foreseen.entrypoints.http.problems import MEDIA_TYPE, Refusal, rejected_unread

if TYPE_CHECKING:
    import asyncio

    from foreseen.domain.tally import Tally

MAX_HEAD: Final = 64 * 1024
"""Bytes that a request's head, or what follows a body in chunks, may come to in several reads, and of one read."""

MAX_HEADERS: Final = 100
"""Header fields of a request."""

MAX_PIPELINED: Final = 100
"""Requests of a connection that may wait for the answer to one before them."""

SPARE_FILES: Final = 128
"""Files that are left to everything else: Redis, the model, the log."""


class Bounds(NamedTuple):
    """What may be set of it.

    Attributes:
        receive_timeout_s: from a request's first byte to its last; and for a client to take what is sent to it.
        max_connections: of this process.
    """

    receive_timeout_s: float
    max_connections: int


class BoundedProtocol(OneWriteProtocol):
    """A protocol that gives up on a client which sends too much, too slowly, or nothing; and says so, if it can.

    uvicorn times nothing but the wait for the next request, and counts nothing. A request that comes whole in one read,
    as nearly all do, pays for this with a few comparisons: a timer runs only while something is unfinished.
    """

    def __init__(self, *args: Any, bounds: Bounds, **kwargs: Any) -> None:
        """Take what uvicorn gives, and the bounds."""
        super().__init__(*args, **kwargs)
        self._bounds = bounds
        self._due: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._unfinished_bytes = 0
        self.headers = []  # uvicorn makes its own with the first request

    def connection_made(self, transport: Any) -> None:
        """Refuse one connection too many; wait for the first request no longer than for the next."""
        super().connection_made(transport)
        if len(self.connections) > self._bounds.max_connections:
            self._refuse(_TOO_MANY_CONNECTIONS)
            return
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        for timer in (self._due, self._stuck):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and bound what did not come yet."""
        if len(data) > MAX_HEAD:
            self._received_much(data)
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._decline_upgrade()
        except httptools.HttpParserError as exc:
            # The parser makes its own error of one that is raised while it calls us.
            refused = exc.__context__
            self._refuse(refused.refusal if isinstance(refused, _RefusedError) else _unreadable(exc))
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
        """Refuse a head of too many fields, or of no host or two, and too many requests ahead of their answers."""
        if len(self.headers) > MAX_HEADERS:
            raise _RefusedError(_HEAD_TOO_LARGE)
        if len(self.pipeline) >= MAX_PIPELINED:
            raise _RefusedError(_TOO_MANY_AHEAD)
        hosts = 0
        for name, _ in self.headers:
            if name == b"host":
                hosts += 1
        if hosts != 1 and (hosts or self.parser.get_http_version() == "1.1"):
            raise _RefusedError(_HOST)
        if self.url[:1] != b"/":
            _have_host_of_target(self.headers, self.url)
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Give up on a client that does not take what is sent to it."""
        super().pause_writing()
        self._stuck = self.loop.call_later(self._bounds.receive_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on; it does."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _received_much(self, data: bytes) -> None:
        for start in range(0, len(data), MAX_HEAD):
            if self.transport.is_closing():
                return
            self.data_received(data[start : start + MAX_HEAD])

    def _bound(self, received: int) -> None:
        """Bound what is unfinished after a read of so many bytes: a head, a body, or what is neither."""
        cycle: Any = self.cycle
        is_in_head = cycle is None or cycle.scope is not self.scope
        if not (is_in_head or cycle.more_body or cycle.response_complete):
            self._unfinished_bytes = 0
            if self._due is not None:
                self._due.cancel()
                self._due = None
            return
        self._unfinished_bytes = self._unfinished_bytes + received if is_in_head else 0
        # Fields may also follow a body.
        if self._unfinished_bytes > MAX_HEAD or len(self.headers) > MAX_HEADERS:
            self._refuse(_HEAD_TOO_LARGE)
        elif self._due is None:
            self._due = self.loop.call_later(self._bounds.receive_timeout_s, self._give_up)

    def _give_up(self) -> None:
        """End a connection whose request, or whatever else it sends, has not ended."""
        self._due = None
        cycle: Any = self.cycle
        if self.flow.read_paused:  # it is we who do not read
            self._due = self.loop.call_later(self._bounds.receive_timeout_s, self._give_up)
        elif cycle is not None and cycle.scope is self.scope and cycle.response_complete:
            self.transport.close()
        else:
            self._refuse(_TOO_SLOW)

    def _decline_upgrade(self) -> None:
        """Answer as if no other protocol had been asked for, and once: what follows may be in that one.

        The parser takes no body then, so that a request with one would be answered for what it does not say.
        """
        self.cycle.keep_alive = False
        lengths = [value for name, value in self.headers if name in (b"content-length", b"transfer-encoding")]
        if lengths and lengths != [b"0"]:
            self.cycle.more_body = True
            self._refuse(_UPGRADE)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer and close; where an answer to an earlier request is still to come, close after that one instead."""
        cycle: Any = self.cycle
        is_owed = cycle is not None and not cycle.response_complete
        if is_owed and not cycle.more_body:
            cycle.keep_alive = False
            return
        if is_owed:
            cycle.disconnected = True  # nobody hears what the application has to say any more
            cycle.message_event.set()
        if not self.pipeline and not (is_owed and cycle.response_started):
            self.transport.write(self._told(refusal))
        self.transport.close()

    def _told(self, refusal: Refusal) -> bytes:
        tally: Tally | None = self.app_state.get("tally")  # none where it could not yet start
        body, request_id = rejected_unread(refusal, tally)
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            request_id,
            *((name.lower().encode(), value.encode()) for name, value in refusal.headers.items()),
        ]
        lines = [b"HTTP/1.1 %d %s" % (refusal.status, refusal.title.encode())]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


class _RefusedError(Exception):
    """A head that can be read, and is refused.

    Each time a new one: a refusal that is shared would keep alive what its last traceback leads to.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def affordable_connections(wanted: int) -> int:
    """Give as many connections as are wanted, or as this process's files allow, once it has asked for that many.

    At the limit of its files a server can neither accept a connection nor refuse it, nor reach Redis.
    """
    needed = wanted + SPARE_FILES
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_less(allowed, needed):
        allowed = most if _is_less(most, needed) else needed
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    return max(1, allowed - SPARE_FILES) if _is_less(allowed, needed) else wanted


def _have_host_of_target(headers: list[tuple[bytes, bytes]], target: bytes) -> None:
    """Put the host of an absolute target where the Host field is, which does not count then."""
    host = authority_of(target)
    if host is not None:
        headers[:] = [(b"host", host), *(field for field in headers if field[0] != b"host")]


def _is_less(limit: int, needed: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit < needed


def _unreadable(exc: Exception) -> Refusal:
    return _malformed(f"a request of HTTP/1.1, got one that cannot be read: {exc}")


def _malformed(detail: str) -> Refusal:
    return Refusal(400, "malformed", "The request is malformed", f"expected {detail}")


_TOO_MANY_AHEAD: Final = _malformed(f"at most {MAX_PIPELINED} requests ahead of their answers, got more")
_HOST: Final = _malformed("one Host field, as HTTP/1.1 demands (RFC 9112, 3.2), got none or several")
_UPGRADE: Final = _malformed("a request with a body not to ask for another protocol (Upgrade), got one that does")
_LATE: Final = "expected all of it in time (receive_timeout), got a part of it"
_TOO_SLOW: Final = Refusal(408, "too-slow", "The request took too long to arrive", _LATE)
_LARGE: Final = f"expected at most {MAX_HEADERS} header fields and {MAX_HEAD} bytes, got more"
_HEAD_TOO_LARGE: Final = Refusal(431, "head-too-large", "The head of the request is too large", _LARGE)
_MANY: Final = "expected no more connections than are taken (max_connections), got one more"
_TOO_MANY_CONNECTIONS: Final = Refusal(503, "too-many-connections", "Too many connections", _MANY, {"Retry-After": "1"})
