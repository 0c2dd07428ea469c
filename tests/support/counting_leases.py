"""Leases whose progress a test can see: how often they were looked at and renewed."""

import asyncio
from collections.abc import Sequence

import redis

from foreseen.adapters.cache.redis.leases.lease_table import RedisLeaseTable
from foreseen.adapters.cache.redis.leases.leases import RedisLeases
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from support.event_loop_steps import settle
from support.processes import wait_until
from support.time_limits import patience


class CountingTable(RedisLeaseTable):
    """A table that counts how often it was looked into and leases were renewed, each once that is answered."""

    looks = 0
    renewals = 0

    async def look(self, keys: Sequence[Key]) -> dict[Key, float | bytes]:
        """Look, and count."""
        seen = await super().look(keys)
        self.looks += 1
        return seen

    async def renew(self, keys: Sequence[Key]) -> None:
        """Renew, and count."""
        await super().renew(keys)
        self.renewals += 1


async def waiting(leases: RedisLeases, key: Key) -> asyncio.Task[Entry | None]:
    """Wait for a key, from when its lease was seen to be another process's: pushes are heard by then."""
    table, task = table_of(leases), asyncio.create_task(leases.wait(key))
    before = table.looks
    async with patience():
        while table.looks == before and not task.done():  # noqa: ASYNC110 - it is a count
            await asyncio.sleep(0.001)
    await settle()
    assert not task.done(), "expected a lease that is waited for"
    return task


def wait_until_another_waits(url: str) -> None:
    """Wait until one replica of `model` hears what others push, which it does for what it waits for."""
    with redis.Redis.from_url(url) as client:
        wait_until(lambda: client.pubsub_numsub("foreseen:model:pushes")[0][1] == 1)


def table_of(leases: RedisLeases) -> CountingTable:
    """Return the table that leases were built on."""
    table = leases.table
    assert isinstance(table, CountingTable)
    return table
