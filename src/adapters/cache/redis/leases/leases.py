"""RedisLeases: one of the processes that share a Redis computes a key, and pushes the entry to those that wait."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence, Set
from contextlib import suppress
from itertools import islice
from typing import Final, Self, TypeVar

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
"""Seconds after a failed or overrun call in which no lease is requested, and every process computes."""


class RedisLeases:
    """Leases in a table, pushes over a channel; if either fails, this process computes the key.

    A request waits for Redis no longer than the budget of each call, and for another process no longer than its lease
    may last; then it looks at the lease again.
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
        """Accept the seconds of a lease, the budget of a call in seconds, and a clock in seconds since 1970.

        Args:
            kept_above_s: seconds of model time from which a computed entry is kept in place of its lease for a while;
                a cheaper one is soon computed again, and its lease is deleted.
        """
        self.table = table
        self._pushes = pushes
        self._lease_s = lease_s
        self._kept_above_us = kept_above_s * 1e6
        self._budget_s = budget_s
        self._lifetime = lifetime
        self._format = entry_format
        self._clock = clock
        self._take = GatheredCalls(lambda keys: self._call(table.take, keys))
        self._look = GatheredCalls(lambda keys: self._call(table.look, keys))
        self.corruptions: Final[Counter[Corruption]] = Counter()
        """Pushed or kept entries that did not verify, since the start, by the kind of corruption."""
        self._doubted_until = 0.0
        self._held: set[Key] = set()
        self._renewing: asyncio.Task[None] | None = None
        self._settled: dict[Key, Entry | None] = {}
        self._settling: asyncio.Task[None] | None = None
        self._behind_others = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Return self; connections are opened when first used."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Publish the settled keys, for at most the time of a lease, and stop."""
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
        """Claim leases and return the keys to compute here: those whose lease was free, or all after a failure."""
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
        """Wait for the entry that another process computes; None if it must be computed here.

        The lease is looked at again whenever it may have ended.
        """
        try:
            return await self._wait(key)
        except CacheUnavailableError:
            return None

    def settle(self, key: Key, entry: Entry | None) -> None:
        """Schedule the push of a computed entry to waiting processes; None if there is none."""
        if key not in self._held:  # computed without a lease
            return
        self._held.discard(key)
        self._settled[key] = entry
        if self._settling is None:
            self._settling = asyncio.create_task(self._settle(), name="settle leases")

    async def _wait(self, key: Key) -> Entry | None:
        with self._pushes.awaited(key) as pushed:
            # Connecting may take longer than the budget; the key is being computed meanwhile, so no time is lost.
            if not await within(self._lease_s, self._pushes.listen()):
                return None
            # An entry pushed before we listened is in the table by now, and later pushes are received.
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

    async def _call(
        self, call: Callable[[Sequence[Key]], Coroutine[object, None, Mapping[Key, Reply]]], keys: Sequence[Key]
    ) -> Mapping[Key, Reply]:
        try:
            return await within(self._budget_s + len(keys) * BUDGET_PER_KEY_S, call(keys))
        except CacheUnavailableError:
            self._doubted_until = asyncio.get_running_loop().time() + DOUBT_S
            raise

    async def _renew(self) -> None:
        """Renew the held leases until none is left."""
        try:
            while self._held:
                await asyncio.sleep(self._lease_s / 3)
                for group in _grouped(self._held):
                    await self._behind(self.table.renew, group)
        finally:
            self._renewing = None

    async def _settle(self) -> None:
        """Publish the settled keys until none is left."""
        try:
            while self._settled:
                group = _grouped(self._settled)[0]
                await self._publish({key: self._settled.pop(key) for key in group})
        finally:
            self._settling = None

    async def drained(self) -> None:
        """Wait until the call now in progress has ended."""
        async with self._behind_others:
            return

    async def _publish(self, settled: Mapping[Key, Entry | None]) -> None:
        now_us = self._clock() * 1e6
        computed = {
            key: entry
            for key, entry in settled.items()
            if entry is not None and not self._lifetime.is_over(key, entry, now_us)
        }
        pushed = dict.fromkeys(settled, NOTHING) | {key: self._format.seal(key, computed[key]) for key in computed}
        kept = {key: pushed[key] for key, entry in computed.items() if entry.cost_us >= self._kept_above_us}
        # The table first: a process that receives the push of a released lease claims it at once.
        await self._behind(self.table.finish, kept)
        await self._behind(self.table.release, [key for key in settled if key not in kept])
        await self._behind(self._pushes.push, pushed)

    async def _behind(self, call: Callable[[Argument], Awaitable[None]], argument: Argument) -> None:
        """Make a call in the background; if it fails, other processes wait until the lease ends."""
        # One after the other: a renewal that arrived after the entry would shorten how long it is kept.
        async with self._behind_others:
            with suppress(CacheUnavailableError, TimeoutError):
                async with asyncio.timeout(self._lease_s):
                    await call(argument)


def _grouped(keys: Collection[Key]) -> list[list[Key]]:
    """Cut keys into groups for one call each."""
    rest = iter(list(keys))
    return [group for _ in range(0, len(keys), MAX_KEYS) if (group := list(islice(rest, MAX_KEYS)))]
