"""GuardedCache: L2 fails open; its failures and slowness cost time, never an answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from typing import Final, Self, TypeVar

from foreseen.adapters.cache.fault_policy.circuit_breaker import Circuit, LogMessages
from foreseen.adapters.cache.fault_policy.time_budget import BUDGET_PER_KEY_S, within
from foreseen.domain.errors import CacheError, Outage
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import L2Cache

Result = TypeVar("Result")

NO_ROUND_TRIP_S: Final = 2e-5
"""A lookup shorter than any round trip was served by the write-behind queue, and says nothing about the server."""

_MESSAGES: Final = LogMessages(
    opened="%s disabled, predictions go on without it: %s",
    still_open="%s is still disabled: %s",
    closed="%s enabled again",
)


class GuardedCache:
    """A Cache around an L2 that fails open: an error or an exceeded budget counts as a miss.

    A failed call disables the tier, and so do calls that overrun their time budget too often. While it is disabled no
    request waits for it: a background task probes it the way requests use it, and enables it again once a probe
    succeeds within a request's budget.
    """

    def __init__(
        self,
        inner: L2Cache,
        *,
        budget_s: float,
        probe_after_s: float = 0.5,
        longest_wait_s: float = 5.0,
        connect_budget_s: float = 2.0,
    ) -> None:
        """Accept the tier, and the seconds that a call may cost a request.

        Args:
            probe_after_s: seconds from being disabled to the first probe; each later wait is twice as long.
            longest_wait_s: upper bound of these waits, seconds.
            connect_budget_s: seconds that a probe may take to connect, beyond a request's budget.
        """
        self._inner = inner
        self._budget_s = budget_s
        self._connect_budget_s = connect_budget_s
        self._circuit = Circuit(
            "L2",
            self._probe,
            _MESSAGES,
            budget_s=budget_s,
            probe_after_s=probe_after_s,
            longest_wait_s=longest_wait_s,
        )

    @property
    def is_in_use(self) -> bool:
        """Whether calls are passed on."""
        return self._circuit.is_closed

    @property
    def disabled_by(self) -> str:
        """Why it is disabled; empty while it is in use."""
        return self._circuit.reason

    @property
    def outages(self) -> Counter[Outage]:
        """How often it was disabled since the start, by what disabled it."""
        return self._circuit.outages

    async def __aenter__(self) -> Self:
        """Probe the tier before the first request needs it; start with it disabled if it is unreachable."""
        try:
            await self._connect()
        except CacheError as exc:
            self._circuit.open(Outage.FAILURE, exc)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop probing and close the tier."""
        await self._circuit.stop()
        await self._inner.close()

    @property
    def keeps(self) -> bool:
        """Whether it is in use."""
        return self._circuit.is_closed

    def peek(self, key: Key) -> Entry | None:
        """Peek at the inner cache."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up keys within the budget; miss them all while the tier is disabled."""
        if not self._circuit.is_closed:
            return {}
        return await self._guarded(self._look_up(keys), len(keys)) or {}

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries within the budget, or not at all.

        A write that ends in time does not count as a fast call: written behind, it did not wait for the tier.
        """
        if self._circuit.is_closed:
            await self._guarded(self._inner.put_many(entries), len(entries))

    async def _look_up(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        now = asyncio.get_running_loop().time
        began = now()
        found = await self._inner.get_many(keys)
        if (ended := now()) - began > NO_ROUND_TRIP_S:
            self._circuit.count_fast(ended)
        return found

    async def _guarded(self, call: Awaitable[Result], keys: int) -> Result | None:
        try:
            async with asyncio.timeout(self._budget_s + keys * BUDGET_PER_KEY_S):
                return await call
        except TimeoutError:
            self._circuit.count_slow()
        except CacheError as exc:
            self._circuit.open(Outage.FAILURE, exc)
        return None

    async def _probe(self) -> None:
        await self._connect()
        # The connection may have been too slow for a request. Now a write and a lookup, each within its budget.
        await within(2 * self._budget_s, self._inner.ping())

    async def _connect(self) -> None:
        """Use the tier as requests do, allowing for the time it takes to connect."""
        await within(max(self._connect_budget_s, 2 * self._budget_s), self._inner.ping())
