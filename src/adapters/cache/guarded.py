"""GuardedCache: a far tier that may fail, be slow or be away, and costs time then, never an answer."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from typing import Final, Self, TypeVar

from foreseen.adapters.cache.breaker import ProbeWaits, SlowCalls
from foreseen.adapters.cache.budget import within
from foreseen.domain.entry import Entry
from foreseen.domain.errors import CacheError, Outage
from foreseen.domain.key import Key
from foreseen.domain.ports import FarTier

log = logging.getLogger(__name__)

Result = TypeVar("Result")

BUDGET_PER_KEY_S: Final = 1e-4
"""What each key adds to a call's budget, so that a file's chunk of thousands is not taken for a slow server."""

ASKED_NOBODY_S: Final = 2e-5
"""A lookup that took less than any round trip does was found among what waits to be written, and says nothing."""


class GuardedCache:
    """A Cache around a far one that fails open: what goes wrong counts as an empty answer.

    A call that fails takes the tier out of use, and so do calls that overrun their time budget too often. From then on
    no request waits for it: a task of its own tries it now and then, the way requests use it, and puts it back when
    that works within their budget.

    Attributes:
        is_in_use: whether calls are passed on.
        why_out: what took it out of use; empty while it is in use.
        outages: how often it went out of use since the start, by what took it out.
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
            probe_after_s: seconds out of use before the first probe; each wait after that is twice as long.
            longest_wait_s: the longest of these waits.
            connect_budget_s: seconds that a probe may take beyond a request's budget, since it has to connect.
        """
        self._inner = inner
        self._budget_s = budget_s
        self._connect_budget_s = connect_budget_s
        # A little shorter than a slow call, since timers are not exact: each of three in a row has a slice of its own.
        self._slow_calls = SlowCalls(slice_s=0.8 * budget_s)
        self._waits = ProbeWaits(probe_after_s, longest_wait_s)
        self._probing: asyncio.Task[None] | None = None
        self.is_in_use = True
        self.why_out = ""
        self.outages: Final[Counter[Outage]] = Counter()

    async def __aenter__(self) -> Self:
        """Try the tier before the first request needs it; start without it if it is away."""
        try:
            await self._connect()
        except CacheError as exc:
            self._take_out(Outage.FAILURE, str(exc))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop probing and close the tier."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
        await self._inner.close()

    @property
    def keeps(self) -> bool:
        """Whether it is in use."""
        return self.is_in_use

    def peek(self, key: Key) -> Entry | None:
        """As the inner one."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up keys within the budget; miss them all when the tier is in doubt."""
        if not self.is_in_use:
            return {}
        return await self._guarded(self._look_up(keys), len(keys)) or {}

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries within the budget, or not at all.

        One that ends in time says nothing of how slow the tier is: where it is written behind, nobody has waited.
        """
        if self.is_in_use:
            await self._guarded(self._inner.put_many(entries), len(entries))

    async def _look_up(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        now = asyncio.get_running_loop().time
        began = now()
        found = await self._inner.get_many(keys)
        if (ended := now()) - began > ASKED_NOBODY_S:
            self._slow_calls.count(ended, is_slow=False)
        return found

    async def _guarded(self, call: Awaitable[Result], keys: int) -> Result | None:
        try:
            async with asyncio.timeout(self._budget_s + keys * BUDGET_PER_KEY_S):
                return await call
        except TimeoutError:
            self._count_slow()
        except CacheError as exc:
            self._take_out(Outage.FAILURE, str(exc))
        return None

    def _count_slow(self) -> None:
        if self._slow_calls.count(asyncio.get_running_loop().time(), is_slow=True):
            self._take_out(Outage.SLOWNESS, f"no answer within {self._budget_s * 1000:g} ms, time and again")

    def _take_out(self, what: Outage, reason: str) -> None:
        if not self.is_in_use:  # a call that was under way as well
            return
        self.is_in_use = False
        self.why_out = reason
        self.outages[what] += 1
        self._waits.begin(asyncio.get_running_loop().time())
        log.warning("the shared cache is out of use, predictions go on without it: %s", reason)
        self._probing = asyncio.create_task(self._probe(), name="probe the shared cache")

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(self._waits.next_s())
            try:
                await self._connect()
                # What follows may be slower than a request can bear. A write and a lookup, each within its budget.
                await within(2 * self._budget_s, self._inner.ping())
            except CacheError:
                continue
            self._waits.end(asyncio.get_running_loop().time())
            self._slow_calls.clear()
            self.why_out = ""
            self.is_in_use = True
            log.info("the shared cache is back in use")
            return

    async def _connect(self) -> None:
        """Use the tier as requests do, with the time that it takes to connect first."""
        await within(max(self._connect_budget_s, 2 * self._budget_s), self._inner.ping())
