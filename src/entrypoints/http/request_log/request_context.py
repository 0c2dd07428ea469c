"""RequestContext: one request on its way: what names it, in its answer and in the log."""

import asyncio
from collections.abc import Awaitable, Mapping
from time import perf_counter_ns, time
from typing import TYPE_CHECKING, Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.counters import TIERS
from foreseen.entrypoints.http.counting.counted_routes import route_number, status_number
from foreseen.entrypoints.http.request_log.access_log import AccessLine
from foreseen.entrypoints.http.request_log.header_fields import fields_of
from foreseen.entrypoints.http.request_log.request_ids import HEADER, accepted, only_traceparent, trace_id
from foreseen.entrypoints.log_context import CURRENT

if TYPE_CHECKING:
    from foreseen.domain.counters import Tally
    from foreseen.entrypoints.http.request_log.access_log import AccessLog

REJECTED: Final = "rejected"
"""What the state of a request has once its connection has answered it, and counted that: what the service answers then,
goes to no one."""

_CONTEXT: Final = "foreseen.context"
"""Where a scope says which request it is of."""


class RequestContext:
    """What is known of a request.

    Attributes:
        id: the request's.
        started_ns: when it came, by `perf_counter_ns`.
        tier: the number of the tier that a prediction came from, once it is there.
    """

    def __init__(self, scope: Scope) -> None:
        self.started_ns = perf_counter_ns()
        self.tier: int | None = None
        self._route = route_number(scope)
        self._state: Mapping[str, Any] = scope.get("state", {})
        self._method: str = scope.get("method", "")
        self._path: bytes = scope.get("raw_path") or scope["path"].encode(errors="replace")
        self._client = scope.get("client")
        self._status = 0
        self._size = 0
        # Not the scope: whatever inherits this context would keep the application alive, and its model.
        self._headers = scope["headers"]
        self._task: asyncio.Task[Any] | None = None
        self._is_answered = False
        self.id = accepted(given_id(scope))

    def around(self, send: Send) -> Send:
        """Return what sends an answer with the request's id in it, which it may have by now, and begin its log lines.

        Any layer may call this: those that answer in place of the ones behind them are not known to each other.
        """
        CURRENT.set(self)

        # No coroutine of its own: it hands on what the server waits for.
        def add(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message = self._begun(message)
            elif not self._is_answered:
                self._size += len(message.get("body", b""))
                if not message.get("more_body"):
                    self._is_answered = True
                    self._record(perf_counter_ns() - self.started_ns)
            return send(message)

        return add

    def _begun(self, message: Message) -> Message:
        self._status = message["status"]
        if self._status >= 500:
            self._task = _current_task()
        headers = message.get("headers", ())
        if any(name == HEADER for name, _ in headers):
            return message
        return {**message, "headers": [*headers, (HEADER, self.id)]}

    def _record(self, duration_ns: int) -> None:
        """Count the answer, and have it logged; neither where no server has started the service, or it is not sent."""
        if REJECTED in self._state:
            return
        tally: Tally | None = self._state.get("tally")
        if tally is not None and self.tier is not None and self._status == 200:
            tally.count_duration(self.tier, duration_ns)
        elif tally is not None:
            tally.count_request(self._route, status_number(self._status))
        access_log: AccessLog | None = self._state.get("access_log")
        if access_log is not None:
            access_log.add(self._line(duration_ns))

    def _line(self, duration_ns: int) -> AccessLine:
        return AccessLine(
            time(),
            self._method,
            self._path,
            self._status,
            duration_ns,
            0 if self._method == "HEAD" else self._size,
            self._client,
            self.id,
            only_traceparent(self._headers),
            None if self.tier is None else TIERS[self.tier],
        )

    def names(self) -> Mapping[str, str]:
        """Return what names the request to people and programs: its id, and that of its trace if it has one."""
        names = {"request_id": self.id.decode("ascii")}
        trace = trace_id(self._headers)
        return names if trace is None else names | {"trace_id": trace}

    def log_fields(self) -> Mapping[str, str]:
        """Return the request's ids for log lines: until it is answered, and in its own task also after that.

        Tasks that it has started for other requests too inherit its context and outlive it.
        """
        if self._is_answered and (self._task is None or self._task is not _current_task()):
            return {}
        return self.names()


class WithContext:
    """Gives each request a context, unless an outer layer has."""

    def __init__(self, app: ASGIApp) -> None:
        """Accept the wrapped application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        is_request = scope["type"] == "http"
        await self._app(scope, receive, context_of(scope).around(send) if is_request else send)


def context_of(scope: Scope) -> RequestContext:
    """Return the context of a request, created on first use."""
    found = scope.get(_CONTEXT)
    if not isinstance(found, RequestContext):
        found = scope[_CONTEXT] = RequestContext(scope)
    return found


def given_id(scope: Scope) -> bytes | None:
    """Return the id that a request carries, the last of several; None without one."""
    return fields_of(scope).get(HEADER)


def _current_task() -> "asyncio.Task[Any] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:  # on a thread without an event loop
        return None
