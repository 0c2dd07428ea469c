"""Lookups of one turn of the event loop go out together, and everybody gets their own keys."""

import asyncio
from collections.abc import Sequence

import pytest

from foreseen.adapters.cache.tick_gathered import MAX_KEYS, TickGatheredCache
from foreseen.domain.entry import Entry
from foreseen.domain.errors import CacheError
from foreseen.domain.key import Key
from support.cache_contract import A, B, C, entry
from support.fakes import DeadCache, DictCache
from support.stepping import cancelled_after, other_tasks, settle


class SlowCache(DictCache):
    """Answers when it is let to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        found = await super().get_many(keys)
        await self.gate.wait()
        return found


async def test_what_is_asked_in_one_turn_is_one_lookup_of_each_key_once() -> None:
    inner = DictCache()
    kept = {A: entry(b"1"), B: entry(b"2")}
    inner.entries |= kept
    cache = TickGatheredCache(inner)

    answers = await asyncio.gather(*map(cache.get_many, ([A, C], [B, A], [C])))

    assert answers == [{A: kept[A]}, kept, {}]
    assert inner.lookups == [3]


async def test_another_turn_is_another_lookup() -> None:
    inner = DictCache()
    cache = TickGatheredCache(inner)
    await cache.get_many([A])
    await cache.get_many([A])

    assert inner.lookups == [1, 1]


async def test_a_lookup_has_no_more_keys_than_the_limit_unless_one_asked_for_more() -> None:
    inner = DictCache()
    cache = TickGatheredCache(inner)
    sizes = [600, 400, 100, MAX_KEYS + 1, 1]
    numbers = iter(range(sum(sizes)))
    wanted = [[Key(b"%d" % next(numbers)) for _ in range(size)] for size in sizes]
    await asyncio.gather(*map(cache.get_many, wanted))

    assert inner.lookups == [1000, 100, MAX_KEYS + 1, 1]


async def test_an_error_reaches_everybody_who_asked() -> None:
    cache = TickGatheredCache(DeadCache())
    outcomes = await asyncio.gather(cache.get_many([A]), cache.get_many([B]), return_exceptions=True)

    assert [type(outcome).__mro__[1] for outcome in outcomes] == [CacheError] * 2


@pytest.mark.parametrize("turns", range(6))
async def test_a_caller_cancelled_at_any_await_fails_nobody(turns: int) -> None:
    inner = SlowCache()
    inner.entries[A] = entry()
    cache = TickGatheredCache(inner)
    other = asyncio.create_task(cache.get_many([A, B]))

    await cancelled_after(turns, lambda: cache.get_many([B, C]))
    inner.gate.set()

    assert set(await other) == {A}
    await settle()
    assert other_tasks() == set()


async def test_if_everybody_has_left_nothing_is_looked_up() -> None:
    inner = DictCache()
    cache = TickGatheredCache(inner)
    task = asyncio.create_task(cache.get_many([A]))
    await asyncio.sleep(0)
    task.cancel()
    await settle()

    assert inner.lookups == []


async def test_closing_ends_what_is_under_way() -> None:
    cache = TickGatheredCache(SlowCache())
    task = asyncio.create_task(cache.get_many([A]))
    await settle()
    await cache.close()
    await asyncio.gather(task, return_exceptions=True)

    assert task.cancelled()
    assert other_tasks() == set()
