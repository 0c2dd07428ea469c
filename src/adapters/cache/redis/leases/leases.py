"""RedisLeases: of the processes that share a Redis one computes, and pushes to those that wait."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence, Set
from contextlib import suppress
from itertools import islice
from typing import Any, Final, Self, TypeVar

from foreseen.adapters.cache.fault_policy.time_budget import BUDGET_PER_KEY_S, within
from foreseen.adapters.cache.redis.leases.gathered_calls import MAX_KEYS, GatheredCalls
from foreseen.adapters.cache.redis.leases.lease_table import RedisLeaseTable
from foreseen.adapters.cache.redis.leases.pushes import NOTHING, RedisPushes
from foreseen.domain.errors import CacheUnavailableError, CorruptEntryError, Corruption
from foreseen.domain.identity.entry import Entry, EntryFormat
from foreseen.domain.identity.expiry import Lifetime
from foreseen.domain.identity.key import Key

Reply = TypeVar("Reply")
Argument = TypeVar("Argument")

DOUBT_S: Final = 1.0
"""Seconds after a call that failed or overran in which nobody is asked, and everybody computes."""


class RedisLeases:
    """Leases in a table, pushes over a channel; whatever goes wrong with either, a key is ours to compute.

    A request waits for Redis no longer than the budget a call, and for another process no longer than its lease may
    last: who hears nothing by then looks again.
    """

    def __init__(
        self,
        table: RedisLeaseTable,
        pushes: RedisPushes,
        *,
        lease_s: float,
        kept_above_s: float,
        budget_s: float,
        lifetime: Lifetime,
        entry_format: EntryFormat,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the seconds of a lease, those that a call may cost a request, and the clock as seconds since 1970.

        Args:
            kept_above_s: seconds that an instance has to cost for what was computed to stand in for its lease for a
                while; what costs less is soon computed, and leaves nothing behind.
        """
        self._table = table
        self._pushes = pushes
        self._lease_s = lease_s
        self._kept_above_us = kept_above_s * 1e6
        self._budget_s = budget_s
        self._lifetime = lifetime
        self._format = entry_format
        self._clock = clock
        self._take = GatheredCalls(lambda keys: self._ask(table.take, keys))
        self._look = GatheredCalls(lambda keys: self._ask(table.look, keys))
        self.corruptions: Final[Counter[Corruption]] = Counter()
        """What was pushed or left for us and did not verify, since the start, by what was wrong with it."""
        self._doubted_until = 0.0
        self._held: set[Key] = set()
        self._renewing: asyncio.Task[None] | None = None
        self._settled: dict[Key, Entry | None] = {}
        self._settling: asyncio.Task[None] | None = None
        self._behind_others = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Begin with nothing: whatever is needed is reached when it is."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Tell what is settled, as far as one lease lasts, and stop."""
        if self._settling is not None:
            await asyncio.wait({self._settling}, timeout=self._lease_s)
        running = [task for task in (self._settling, self._renewing) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._take.close()
        await self._look.close()
        await self._pushes.close()

    async def claim(self, keys: Collection[Key]) -> Set[Key]:
        """Take what leases are free; in doubt all keys are ours."""
        if self._is_in_doubt():
            return set(keys)
        try:
            taken = await self._take(keys)
            ours = {key for key in keys if taken.get(key)}
        except CacheUnavailableError:  # some may have been taken even so
            ours = set(keys)
        self._held |= ours
        if ours and self._renewing is None:
            self._renewing = asyncio.create_task(self._renew(), name="renew leases")
        return ours

    async def wait(self, key: Key) -> Entry | None:
        """Wait for a push, looking when the lease may have ended."""
        try:
            return await self._wait(key)
        except CacheUnavailableError:
            return None

    def settle(self, key: Key, entry: Entry | None) -> None:
        """Tell everybody, afterwards, what was computed, or that nothing was."""
        if key not in self._held:  # it was computed in doubt, and nobody asked for its lease
            return
        self._held.discard(key)
        self._settled[key] = entry
        if self._settling is None:
            self._settling = asyncio.create_task(self._settle(), name="settle leases")

    async def _wait(self, key: Key) -> Entry | None:
        with self._pushes.awaited(key) as pushed:
            # To connect may take longer than the budget; by then the key is being computed, and no time is lost.
            if not await within(self._lease_s, self._pushes.listen()):
                return None
            # What was pushed before somebody listened is seen now, and what is pushed from now on is heard.
            while (seen := (await self._look([key])).get(key)) is not None:
                if isinstance(seen, bytes):
                    return self._verified(key, seen)
                await asyncio.wait({pushed}, timeout=seen)
                if pushed.done():
                    return self._verified(key, pushed.result())
        return None

    def _verified(self, key: Key, blob: bytes) -> Entry | None:
        if blob == NOTHING:
            return None
        try:
            entry = self._format.unseal(key, blob)
        except CorruptEntryError as exc:
            self.corruptions[exc.what] += 1
            return None
        return entry if self._lifetime.ends_at_us(key, entry) > self._clock() * 1e6 else None

    def _is_in_doubt(self) -> bool:
        return asyncio.get_running_loop().time() < self._doubted_until

    async def _ask(
        self, call: Callable[[Sequence[Key]], Coroutine[Any, Any, Mapping[Key, Reply]]], keys: Sequence[Key]
    ) -> Mapping[Key, Reply]:
        try:
            return await within(self._budget_s + len(keys) * BUDGET_PER_KEY_S, call(keys))
        except CacheUnavailableError:
            self._doubted_until = asyncio.get_running_loop().time() + DOUBT_S
            raise

    async def _renew(self) -> None:
        """Renew what is held, until nothing is."""
        try:
            while self._held:
                await asyncio.sleep(self._lease_s / 3)
                for group in _grouped(self._held):
                    await self._behind(self._table.renew, group)
        finally:
            self._renewing = None

    async def _settle(self) -> None:
        """Tell what is settled, until nothing is left to tell."""
        try:
            while self._settled:
                group = _grouped(self._settled)[0]
                await self._tell({key: self._settled.pop(key) for key in group})
        finally:
            self._settling = None

    async def drained(self) -> None:
        """Wait until the call that is under way now has ended."""
        async with self._behind_others:
            return

    async def _tell(self, settled: Mapping[Key, Entry | None]) -> None:
        now_us = self._clock() * 1e6
        computed = {
            key: entry
            for key, entry in settled.items()
            if entry is not None and not self._lifetime.is_over(key, entry, now_us)
        }
        pushed = dict.fromkeys(settled, NOTHING) | {key: self._format.seal(key, computed[key]) for key in computed}
        kept = {key: pushed[key] for key, entry in computed.items() if entry.cost_us >= self._kept_above_us}
        # The table first: who hears that a lease is given up claims it at once.
        await self._behind(self._table.finish, kept)
        await self._behind(self._table.give_up, [key for key in settled if key not in kept])
        await self._behind(self._pushes.push, pushed)

    async def _behind(self, call: Callable[[Argument], Awaitable[None]], argument: Argument) -> None:
        """Make a call that nobody waits for; if it fails, others wait until the lease ends."""
        # One after the other: a renewal that arrived after the entry would cut short how long that is kept.
        async with self._behind_others:
            with suppress(CacheUnavailableError, TimeoutError):
                async with asyncio.timeout(self._lease_s):
                    await call(argument)


def _grouped(keys: Collection[Key]) -> list[list[Key]]:
    """Cut keys into groups for one call each."""
    rest = iter(list(keys))
    return [group for _ in range(0, len(keys), MAX_KEYS) if (group := list(islice(rest, MAX_KEYS)))]
