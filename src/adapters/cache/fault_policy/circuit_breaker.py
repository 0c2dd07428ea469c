"""Circuit: a circuit breaker, opened by failures and by slow calls, closed again by probes."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from foreseen.adapters.cache.fault_policy.slow_calls import ProbeWaits, SlowCalls
from foreseen.domain.errors import CacheError, CacheUnavailableError, Outage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogMessages:
    """Messages of a circuit for the log; each is formatted with its name, and with the reason if there is one."""

    opened: str
    still_open: str
    closed: str


class Circuit:
    """Open after a failure, or after too many slow calls; closed again when a probe works.

    Attributes:
        is_closed: whether calls are passed on.
        failure: what opened it, or has kept it open since; None while it is closed.
        outages: how often it was opened since the start, by what opened it.
    """

    def __init__(
        self,
        name: str,
        probe: Callable[[], Awaitable[None]],
        messages: LogMessages,
        *,
        budget_s: float,
        probe_after_s: float = 0.5,
        longest_wait_s: float = 5.0,
    ) -> None:
        """Accept a probe, which raises CacheError while the dependency does not work, and the seconds of a slow call.

        Args:
            probe_after_s: seconds open before the first probe; each wait after that is twice as long.
            longest_wait_s: the longest of these waits.
        """
        self._name = name
        self._try = probe
        self._messages = messages
        self._budget_s = budget_s
        # A little shorter than a slow call, since timers are not exact: each of three in a row has a slice of its own.
        self._slow_calls = SlowCalls(slice_s=0.8 * budget_s)
        self._waits = ProbeWaits(probe_after_s, longest_wait_s)
        self._probing: asyncio.Task[None] | None = None
        self._logged_kind = ""
        self._is_stopped = False
        self.is_closed = True
        self.failure: CacheError | None = None
        self.outages: Final[Counter[Outage]] = Counter()

    @property
    def reason(self) -> str:
        """Why it is open; empty while it is closed."""
        return str(self.failure or "")

    def count_fast(self, now: float) -> None:
        """Record a call that ended within the budget at `now`, a time of the event loop."""
        self._slow_calls.count(now, is_slow=False)

    def count_slow(self) -> None:
        """Record a call that exceeded its budget just now; open the circuit if too many did recently."""
        if self._slow_calls.count(asyncio.get_running_loop().time(), is_slow=True):
            slowness = f"no answer within {self._budget_s * 1000:g} ms, repeatedly"
            self.open(Outage.SLOWNESS, CacheUnavailableError(slowness))

    def open(self, what: Outage, exc: CacheError) -> None:
        """Stop passing calls on, and begin to probe; does nothing if it is open or stopped."""
        if not self.is_closed or self._is_stopped:
            return
        self.is_closed = False
        self.outages[what] += 1
        self._waits.begin(asyncio.get_running_loop().time())
        self._note(exc, self._messages.opened)
        self._probing = asyncio.create_task(self._probe(_needs_operator(exc)), name=f"probe {self._name}")

    def close(self) -> None:
        """Pass calls on again, since something other than its own probes found that they work."""
        if self._probing is not None:
            self._probing.cancel()
        if not self.is_closed:
            self._close()

    async def stop(self) -> None:
        """Stop probing for good."""
        self._is_stopped = True
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)

    async def _probe(self, needs_operator: bool) -> None:
        while True:
            await asyncio.sleep(self._waits.next_s(needs_operator=needs_operator))
            try:
                await self._try()
            except CacheError as exc:
                needs_operator = _needs_operator(exc)
                # The cause may have changed: a server that was unreachable is back, and rejects the password.
                if needs_operator and _kind(exc) != self._logged_kind:
                    self._note(exc, self._messages.still_open)
                continue
            self._close()
            return

    def _close(self) -> None:
        self._waits.end(asyncio.get_running_loop().time())
        self._slow_calls.clear()
        self.failure = None
        self.is_closed = True
        log.info(self._messages.closed, self._name)

    def _note(self, exc: CacheError, words: str) -> None:
        self.failure = exc
        self._logged_kind = _kind(exc)
        log.warning(words, self._name, exc)


def _needs_operator(exc: CacheError) -> bool:
    return isinstance(exc, CacheUnavailableError) and exc.needs_operator


def _kind(exc: CacheError) -> str:
    return exc.kind if isinstance(exc, CacheUnavailableError) else ""
