"""GuardedCache: a far tier that may fail, be slow or be away, and costs time then, never an answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from typing import Final, Self, TypeVar

from foreseen.adapters.cache.fault_policy.circuit_breaker import Circuit, Said
from foreseen.adapters.cache.fault_policy.time_budget import BUDGET_PER_KEY_S, within
from foreseen.domain.errors import CacheError, Outage
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import FarTier

Result = TypeVar("Result")

ASKED_NOBODY_S: Final = 2e-5
"""A lookup that took less than any round trip does was found among what waits to be written, and says nothing."""

_SAID: Final = Said(
    opened="%s disabled, predictions go on without it: %s",
    still_open="%s is still disabled: %s",
    closed="%s enabled again",
)


class GuardedCache:
    """A Cache around a far one that fails open: what goes wrong counts as an empty answer.

    A call that fails disables the tier, and so do calls that overrun their time budget too often. From then on no
    request waits for it: a task of its own tries it now and then, the way requests use it, and enables it again when
    that works within their budget.
    """

    def __init__(
        self,
        inner: FarTier,
        *,
        budget_s: float,
        probe_after_s: float = 0.5,
        longest_wait_s: float = 5.0,
        connect_budget_s: float = 2.0,
    ) -> None:
        """Take the seconds that a call may cost a request.

        Args:
            probe_after_s: seconds that it is disabled before the first probe; each wait after that is twice as long.
            longest_wait_s: the longest of these waits.
            connect_budget_s: seconds that a probe may take beyond a request's budget, since it has to connect.
        """
        self._inner = inner
        self._budget_s = budget_s
        self._connect_budget_s = connect_budget_s
        self._circuit = Circuit(
            "L2",
            self._probe,
            _SAID,
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
        """Try the tier before the first request needs it; start without it if it is away."""
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
        """As the inner one."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up keys within the budget; miss them all when the tier is in doubt."""
        if not self._circuit.is_closed:
            return {}
        return await self._guarded(self._look_up(keys), len(keys)) or {}

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries within the budget, or not at all.

        One that ends in time says nothing of how slow the tier is: where it is written behind, nobody has waited.
        """
        if self._circuit.is_closed:
            await self._guarded(self._inner.put_many(entries), len(entries))

    async def _look_up(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        now = asyncio.get_running_loop().time
        began = now()
        found = await self._inner.get_many(keys)
        if (ended := now()) - began > ASKED_NOBODY_S:
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
        # What follows may be slower than a request can bear. A write and a lookup, each within its budget.
        await within(2 * self._budget_s, self._inner.ping())

    async def _connect(self) -> None:
        """Use the tier as requests do, with the time that it takes to connect first."""
        await within(max(self._connect_budget_s, 2 * self._budget_s), self._inner.ping())
