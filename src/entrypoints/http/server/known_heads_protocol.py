"""KnownHeadsProtocol: answers hits with known heads in the call that received them."""

import math
from time import perf_counter_ns
from typing import TYPE_CHECKING, Final, cast

from foreseen.entrypoints.http.requests.known_heads import STATE, Sender
from foreseen.entrypoints.http.requests.request_heads import HEAD_END
from foreseen.entrypoints.http.responses.connection_rejections import MAX_HEAD
from foreseen.entrypoints.http.server.bounded_protocol import BoundedProtocol, Bounds

if TYPE_CHECKING:
    import asyncio

    from starlette.types import Scope
    from typing_extensions import Unpack

    from foreseen.entrypoints.http.request_log.access_log import AccessLog
    from foreseen.entrypoints.http.requests.known_heads import HeadsInUse
    from foreseen.entrypoints.http.server.connection_limit import Arrivals
    from foreseen.entrypoints.http.server.single_write import OfUvicorn


MOST_LOOKS: Final = 8
"""Lookups in vain that a connection may make, after which it looks up few; each answer allows two more."""

LOOK_EVERY: Final = 127
"""From then on, one request of so many is looked up: its heads may all differ, or its instances be new.

An odd number, so that where heads and bodies are read in turn, it is not always a body.
"""


class KnownHeadsProtocol(BoundedProtocol):
    """A protocol that answers a request in the call that received it, if its head is known and it arrived in one read.

    That saves the parser, a scope, a task and uvicorn's request cycle, which cost more than the rest of a hit.
    """

    def __init__(self, *, arrivals: "Arrivals", bounds: "Bounds", **given: "Unpack[OfUvicorn]") -> None:
        """Accept the arguments of BoundedProtocol."""
        super().__init__(arrivals=arrivals, bounds=bounds, **given)
        self._heads: HeadsInUse | None = self.app_state.get(STATE)
        self._sender = Sender()
        self._answered_s = -math.inf
        self._held: bytes | None = None
        self._held_ns = 0
        self._held_s = -math.inf
        self._held_due: asyncio.TimerHandle | None = None
        self._to_learn: bytes | None = None
        self._looks_left = MOST_LOOKS
        self._passed_on = 0

    def connection_made(self, transport: "asyncio.BaseTransport") -> None:
        """Note who sends the requests."""
        super().connection_made(transport)
        access_log: AccessLog | None = self.app_state.get("access_log")
        self._sender = Sender(access_log, self.client)

    def connection_lost(self, exc: Exception | None) -> None:
        """End a request whose client has left before its body arrived."""
        self.pass_on()
        if self._held_due is not None:
            self._held_due.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer a request whose head is known; parse any other, whose head may then become known."""
        held_ns = 0
        if self._held is not None:
            data, held_ns, self._held = self._held + data, self._held_ns, None
        heads = None if self._heads is None else self._heads.current
        if (
            heads is not None
            and (held_ns > 0 or self._is_worth_a_look())
            and len(data) <= MAX_HEAD
            and self._is_between_requests()
        ):
            reply = heads.reply(data, self.server_state.default_headers, self._sender, begun_ns=held_ns)
            if reply:
                self.joining.write_at_once(reply)
                self.server_state.total_requests += 1
                self._note_answer()
                return
            if reply is not None:
                self._hold(data)
                return
            self._looks_left -= self._looks_left > 0
            self._to_learn = data
        elif self._to_learn is not None:
            # Its body may come apart from it; what comes after that is another request.
            self._to_learn = self._to_learn + data if self._to_learn.endswith(HEAD_END) else None
        super().data_received(data)

    def _hold(self, head: bytes) -> None:
        """Keep a head until its body arrives, for as long as the parser would wait for it."""
        self._held, self._held_ns, self._held_s = head, perf_counter_ns(), self.loop.time()
        if self._held_due is None:  # a timer for each head would cost as much as finding it
            self._held_due = self.loop.call_later(self._bounds.receive_timeout_s, self._look_at_held)

    def _look_at_held(self) -> None:
        self._held_due = None
        if self._held is None:
            return
        left_s = self._held_s + self._bounds.receive_timeout_s - self.loop.time()
        if left_s > 0:
            self._held_due = self.loop.call_later(left_s, self._look_at_held)
            return
        self.pass_on()
        if self._due is not None:
            self._due.cancel()
            self._give_up()

    def pass_on(self) -> None:
        """Hand the head that is kept to the parser, whose request is then like any other."""
        if self._held is not None:
            head, self._held = self._held, None
            super().data_received(head)

    def give_way(self) -> None:
        """Close, because a newer connection takes this one's place."""
        self.pass_on()
        super().give_way()

    def _is_worth_a_look(self) -> bool:
        """Return whether to look up the next request: a lookup in vain delays it."""
        if self._looks_left > 0:
            return True
        self._passed_on = (self._passed_on + 1) % LOOK_EVERY
        return self._passed_on == 0

    def _note_answer(self) -> None:
        if self._answered_s == -math.inf:  # until now the timer may be that of the first byte
            self._unset_keepalive_if_required()
            after_s = self.timeout_keep_alive
            self.timeout_keep_alive_task = self.loop.call_later(after_s, self.timeout_keep_alive_handler)
        self._answered_s = self.loop.time()
        if self._looks_left < MOST_LOOKS:
            self._looks_left += 2

    def on_response_complete(self) -> None:
        """Make the head of a request known if it arrived in one read and was answered by a hit."""
        data, self._to_learn = self._to_learn, None
        cycle = self.cycle
        if data is not None and cycle is not None and self._heads is not None and self._heads.current is not None:
            self._heads.current.learn(data, self.scope, self.joining.kept, cycle.default_headers)
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle for long enough; answers given here do not restart the timer."""
        left_s = self._answered_s + self.timeout_keep_alive - self.loop.time()
        if self._held is not None:  # it is not idle
            left_s = self._bounds.receive_timeout_s
        if left_s > 0:  # restarting the timer for each answer would cost as much as the lookup
            self.timeout_keep_alive_task = self.loop.call_later(left_s, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def has_sent_a_head(self) -> bool:
        """Return whether the whole head of a request has arrived."""
        return self._held is not None or self._answered_s > -math.inf or super().has_sent_a_head()

    def idle_s(self) -> float | None:
        """Return the seconds since the last answer if the connection is idle; None if it is not."""
        idle_s = super().idle_s() if self._held is None else None
        return None if idle_s is None else min(idle_s, self.loop.time() - self._answered_s)

    def _is_after_an_answer(self) -> bool:
        """Return whether all parsed requests are answered, or nothing was parsed since an answer given here."""
        scope = cast("Scope | None", self.scope)  # none before the first request that is parsed
        return super()._is_after_an_answer() or (self._answered_s > -math.inf and scope is None)

    def _is_between_requests(self) -> bool:
        """Return whether all requests are answered, and the connection is open, read in time and not stopping."""
        cycle = self.cycle  # none before the first request
        return (
            (cycle is None or (cycle.response_complete and cycle.scope is self.scope and not self.pipeline))
            and self._due is None
            and not self.is_stopping
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )
