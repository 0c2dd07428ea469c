"""RequestContext: a request in progress, with its ids for its answer and for the log."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter_ns, time
from typing import TYPE_CHECKING, Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foreseen.domain.counters import TIERS
from foreseen.entrypoints.http.counting.counted_routes import route_number, status_number
from foreseen.entrypoints.http.request_log.access_log import AccessLine
from foreseen.entrypoints.http.request_log.request_ids import HEADER, accepted, only_traceparent, trace_id
from foreseen.entrypoints.log_context import CURRENT

if TYPE_CHECKING:
    from foreseen.domain.counters import Tally
    from foreseen.entrypoints.http.request_log.access_log import AccessLog

REJECTED: Final = "rejected"
"""The key set in the state of a request once its connection has rejected and counted it; the application's answer is
then discarded."""

ProblemWriter = Callable[[Mapping[str, object]], tuple[bytes, str]]
"""Returns the body and the media type of a problem document, from its members (RFC 9457)."""

FIELDS: Final = "foreseen.fields"
"""The key in a scope under which the protocol puts the header fields as a dictionary, for quick lookups. Of fields with
the same name it has the last; code that needs all of them reads `headers`."""

_CONTEXT: Final = "foreseen.context"
"""The key in a scope under which the context of its request is."""


class RequestContext:
    """What is known about a request.

    Attributes:
        id: id of the request.
        started_ns: time of its arrival, by `perf_counter_ns`.
        tier: number of the tier that a prediction came from; None before there is one.
        write_problem: writes a problem of this route; None for the format of its path.
    """

    def __init__(self, scope: Scope) -> None:
        self.started_ns = perf_counter_ns()
        self.tier: int | None = None
        self.write_problem: ProblemWriter | None = None
        self._route: str = scope["path"].removeprefix(scope.get("root_path", ""))
        self._state: Mapping[str, Any] = scope.get("state", {})
        self._method: str = scope.get("method", "")
        self._path: bytes = scope.get("raw_path") or scope["path"].encode(errors="replace")
        self._client = scope.get("client")
        self._status = 0
        self._size = 0
        # Not the scope, which refers to the application: tasks that inherit this context would keep its model alive.
        self._headers = scope["headers"]
        self._task: asyncio.Task[object] | None = None
        self._is_answered = False
        self.id = accepted(fields_of(scope).get(HEADER))

    def around(self, send: Send) -> Send:
        """Return a `send` that adds the request's id to its answer, and records the answer when it is sent; make this
        the context of log lines. Every layer that answers by itself calls it, so a request may have been here before.
        """
        CURRENT.set(self)

        # Not async: the server awaits what `send` returns.
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
        """Count and log the answer, unless the connection has rejected the request, or there is no tally and no log."""
        if REJECTED in self._state:
            return
        tally: Tally | None = self._state.get("tally")
        if tally is not None and self.tier is not None and self._status == 200:
            tally.count_duration(self.tier, duration_ns)
        elif tally is not None:
            tally.count_request(route_number(self._route), status_number(self._status))
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
        """Return the ids of the request by name: `request_id`, and `trace_id` if it belongs to a trace."""
        names = {"request_id": self.id.decode("ascii")}
        trace = trace_id(self._headers)
        return names if trace is None else names | {"trace_id": trace}

    def log_fields(self) -> Mapping[str, str]:
        """Return the request's ids for log lines, until it is answered; after an error also later, in its own task.

        Tasks that it started and that work for other requests too inherit its context and outlive it.
        """
        if self._is_answered and (self._task is None or self._task is not _current_task()):
            return {}
        return self.names()


class WithContext:
    """Creates the context of each request, unless an outer layer has."""

    def __init__(self, app: ASGIApp) -> None:
        """Accept the wrapped application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, within its context."""
        is_request = scope["type"] == "http"
        await self._app(scope, receive, context_of(scope).around(send) if is_request else send)


def context_of(scope: Scope) -> RequestContext:
    """Return the context of a request, created on first use."""
    found = scope.get(_CONTEXT)
    if not isinstance(found, RequestContext):
        found = scope[_CONTEXT] = RequestContext(scope)
    return found


def fields_of(scope: Scope) -> dict[bytes, bytes]:
    """Return the header fields of a request by name; of several with the same name, the last."""
    return scope.get(FIELDS) or dict(scope["headers"])


def _current_task() -> "asyncio.Task[object] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:  # on a thread without an event loop
        return None
