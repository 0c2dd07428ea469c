"""GuardedCache: a far tier that may fail, be slow or be away, and costs time then, never an answer."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from typing import Final, Self, TypeVar

from foreseen.domain.entry import Entry
from foreseen.domain.errors import CacheError, CacheUnavailableError
from foreseen.domain.key import Key
from foreseen.domain.ports import FarTier

log = logging.getLogger(__name__)

Result = TypeVar("Result")

BUDGET_PER_KEY_S: Final = 1e-4
"""What each key adds to a call's budget, so that a file's chunk of thousands is not taken for a slow server."""

SLOW_CALLS_IN_A_ROW: Final = 3
"""How many calls may overrun before the tier is out of use: one may be our own busy process."""


class GuardedCache:
    """A Cache around a far one that fails open: what goes wrong counts as an empty answer.

    A call that fails, or a few in a row that overrun their time budget, take the tier out of use. From then on no
    request waits for it: a task of its own asks the tier now and then, and puts it back when it answers.
    """

    def __init__(
        self, inner: FarTier, *, budget_s: float, probe_every_s: float = 1.0, probe_budget_s: float = 2.0
    ) -> None:
        """Take the seconds that a call may cost a request, and those between and within probes of a tier out of use."""
        self._inner = inner
        self._budget_s = budget_s
        self._probe_every_s = probe_every_s
        self._probe_budget_s = probe_budget_s
        self._probing: asyncio.Task[None] | None = None
        self._slow_calls = 0
        self._last_slow = 0.0
        self.is_in_use = True

    async def __aenter__(self) -> Self:
        """Reach the tier before the first request does; start without it if it is away."""
        try:
            await self._ping()
        except CacheError as exc:
            self._take_out(str(exc))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop probing and close the tier."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
        await self._inner.close()

    def peek(self, key: Key) -> Entry | None:
        """As the inner one."""
        return self._inner.peek(key)

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        """Look up keys within the budget; miss them all when the tier is in doubt."""
        return await self._guarded(self._inner.get_many(keys), len(keys), {}) if self.is_in_use else {}

    async def put_many(self, entries: Mapping[Key, Entry]) -> None:
        """Store entries within the budget, or not at all."""
        if self.is_in_use:
            await self._guarded(self._inner.put_many(entries), len(entries), None)

    async def _guarded(self, call: Awaitable[Result], keys: int, otherwise: Result) -> Result:
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._budget_s + keys * BUDGET_PER_KEY_S):
                result = await call
        except TimeoutError:
            self._count_slow(started)
            return otherwise
        except CacheError as exc:
            self._take_out(str(exc))
            return otherwise
        self._slow_calls = 0
        return result

    def _count_slow(self, started: float) -> None:
        """Count calls that overran in a row; those under way together waited for one and the same."""
        if started < self._last_slow:
            return
        self._last_slow = asyncio.get_running_loop().time()
        self._slow_calls += 1
        if self._slow_calls >= SLOW_CALLS_IN_A_ROW:
            self._take_out(f"no answer within {self._budget_s * 1000:g} ms, {self._slow_calls} times in a row")

    def _take_out(self, reason: str) -> None:
        if not self.is_in_use:  # a call that was under way as well
            return
        self.is_in_use = False
        self._slow_calls = 0
        log.warning("the shared cache is out of use, predictions go on without it: %s", reason)
        self._probing = asyncio.create_task(self._probe(), name="probe the shared cache")

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(self._probe_every_s)
            try:
                await self._ping()
            except CacheError:
                continue
            self.is_in_use = True
            log.info("the shared cache is back in use")
            return

    async def _ping(self) -> None:
        try:
            async with asyncio.timeout(self._probe_budget_s):
                await self._inner.ping()
        except TimeoutError as exc:
            raise CacheUnavailableError(f"no answer within {self._probe_budget_s:g} s") from exc
