"""Lookups of one turn of the event loop go out together; what is known lands, and the rest is handed on."""

import asyncio
from collections.abc import Sequence

import pytest

from foreseen.domain.answer import Origin
from foreseen.domain.errors import CacheError
from foreseen.domain.flights.batched_lookup import MAX_KEYS, BatchedLookup
from foreseen.domain.flights.coalescing import Flights
from foreseen.domain.flights.flight import Boarding
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.values.batch import Batch
from support.event_loop_steps import cancelled_after, other_tasks, settle
from support.fakes import FLOWER, DeadCache, DictCache

ONE = Batch.of(FLOWER, {"length": [1.0], "width": [2.0]})


class Model:
    """Answers what is handed on, at once, and remembers it."""

    def __init__(self) -> None:
        self.handed_on: list[bytes] = []

    def submit(self, boardings: Sequence[Boarding]) -> None:
        for flight in [flight for boarding in boardings for flight in boarding.wanted()]:
            self.handed_on.append(flight.key)
            flight.land((Entry(b"computed", 0, 0), Origin.MODEL))


class SlowCache(DictCache):
    """Answers when it is let to."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def get_many(self, keys: Sequence[Key]) -> dict[Key, Entry]:
        found = await super().get_many(keys)
        await self.gate.wait()
        return found


def keys(names: bytes) -> list[Key]:
    return [Key(bytes([name])) for name in names]


async def ask(flights: Flights, wanted: Sequence[Key]) -> list[bytes]:
    found = await flights.join(dict.fromkeys(wanted, 0), ONE)
    return [found[key][0].body for key in wanted]


def known(cache: DictCache, names: bytes) -> None:
    cache.entries |= {key: Entry(b"known " + key, 0, 0) for key in keys(names)}


async def test_keys_of_one_turn_are_one_lookup() -> None:
    cache, model = DictCache(), Model()
    known(cache, b"ab")
    flights = Flights(BatchedLookup(cache, model))

    answers = await asyncio.gather(*(ask(flights, keys(names)) for names in (b"ac", b"ba", b"d")))

    assert answers == [[b"known a", b"computed"], [b"known b", b"known a"], [b"computed"]]
    assert cache.lookups == [4]
    assert model.handed_on == [b"c", b"d"]


async def test_a_hit_is_attributed_to_the_cache_that_had_it() -> None:
    cache = DictCache()
    known(cache, b"a")
    found = await Flights(BatchedLookup(cache, Model())).join(dict.fromkeys(keys(b"ab"), 0), ONE)

    assert [origin for _, origin in found.values()] == [Origin.L2, Origin.MODEL]


async def test_keys_that_are_bypassed_go_on_without_a_lookup() -> None:
    cache, model, seen = DictCache(), Model(), list[Sequence[Key]]()
    known(cache, b"ab")

    def bypasses(wanted: Sequence[Key]) -> bool:
        seen.append(wanted)
        return True

    flights = Flights(BatchedLookup(cache, model, bypasses=bypasses))
    answers = await asyncio.gather(*(ask(flights, keys(names)) for names in (b"ab", b"bc")))

    assert answers == [[b"computed", b"computed"]] * 2
    assert (cache.lookups, model.handed_on, seen) == ([], [b"a", b"b", b"c"], [[b"a", b"b", b"c"]])


async def test_keys_that_are_not_bypassed_are_looked_up() -> None:
    cache = DictCache()
    known(cache, b"a")
    flights = Flights(BatchedLookup(cache, Model(), bypasses=lambda _: False))

    assert await ask(flights, keys(b"a")) == [b"known a"]


async def test_each_turn_has_its_own_lookup() -> None:
    cache = DictCache()
    flights = Flights(BatchedLookup(cache, Model()))
    await ask(flights, keys(b"a"))
    await ask(flights, keys(b"a"))

    assert cache.lookups == [1, 1]


async def test_a_lookup_respects_the_limit_unless_one_caller_exceeds_it() -> None:
    cache = DictCache()
    flights = Flights(BatchedLookup(cache, Model()))
    sizes = [600, 400, 100, MAX_KEYS + 1, 1]
    numbers = iter(range(sum(sizes)))
    await asyncio.gather(*(ask(flights, [Key(b"%d" % next(numbers)) for _ in range(size)]) for size in sizes))

    assert cache.lookups == [1000, 100, MAX_KEYS + 1, 1]


async def test_a_failure_reaches_all_callers_of_its_turn_only() -> None:
    cache = DeadCache()
    flights = Flights(BatchedLookup(cache, Model()))
    outcomes = await asyncio.gather(*(ask(flights, [key]) for key in keys(b"abc")), return_exceptions=True)
    cache.is_alive = True

    assert all(isinstance(outcome, CacheError) for outcome in outcomes)
    assert cache.asked == 1
    assert await ask(flights, keys(b"a")) == [b"computed"]


async def test_keys_without_waiting_callers_are_not_passed_on() -> None:
    cache, model = SlowCache(), Model()
    flights = Flights(BatchedLookup(cache, model))
    asking = [asyncio.create_task(ask(flights, [key])) for key in keys(b"abc")]
    await settle()
    asking[1].cancel()
    await settle()
    cache.gate.set()
    await asyncio.gather(*asking, return_exceptions=True)

    assert model.handed_on == [b"a", b"c"]


async def test_a_caller_that_leaves_is_not_looked_up() -> None:
    cache, model = DictCache(), Model()
    flights = Flights(BatchedLookup(cache, model))
    asking = asyncio.create_task(ask(flights, keys(b"a")))
    asyncio.get_running_loop().call_soon(asking.cancel)
    await asyncio.gather(asking, return_exceptions=True)
    await settle()

    assert (cache.lookups, model.handed_on, other_tasks()) == ([], [], set())


@pytest.mark.parametrize("turns", range(8))
async def test_a_caller_cancelled_anywhere_keeps_nothing_from_others(turns: int) -> None:
    cache = SlowCache()
    flights = Flights(BatchedLookup(cache, Model()))
    other = asyncio.create_task(ask(flights, keys(b"ab")))

    await cancelled_after(turns, lambda: ask(flights, keys(b"bc")))
    cache.gate.set()

    assert await other == [b"computed"] * 2
    await settle()
    assert (len(flights), other_tasks()) == (0, set())
