"""One of the processes that share a tier computes a key; the others land what it pushes, or compute it after all."""

import asyncio
from collections.abc import Collection, Mapping, Sequence, Set

import pytest

from foreseen.domain.answer import Landed, Origin
from foreseen.domain.errors import CacheUnavailableError, PredictionError
from foreseen.domain.flights import flights_across_processes
from foreseen.domain.flights.coalescing import Flights
from foreseen.domain.flights.flight import Boarding
from foreseen.domain.flights.flights_across_processes import LARGEST, WAITS, FlightsAcrossProcesses
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.values.batch import Batch
from support.fakes import FLOWER, DeadCache, DictCache
from support.patience import patience
from support.stepping import other_tasks, settle

ONE = Batch.of(FLOWER, {"length": [1.0], "width": [2.0]})
PUSHED = Entry(b"pushed", 0, 0)
COMPUTED = Entry(b"computed", 0, 0)


class FakeLeases:
    """Leases of which others hold some: what they push is set in `pushes`, None for nothing."""

    def __init__(self, *, held_by_others: bytes = b"") -> None:
        self.others = set(keys(held_by_others))
        self.pushes: dict[Key, asyncio.Future[Entry | None]] = {}
        self.claims: list[bytes] = []
        self.settled: list[tuple[bytes, Entry | None]] = []
        self.grants = asyncio.Event()
        self.grants.set()

    async def claim(self, keys: Collection[Key]) -> Set[Key]:
        self.claims.append(b"".join(keys))
        await self.grants.wait()
        return set(keys) - self.others

    async def wait(self, key: Key) -> Entry | None:
        return await self.pushes.setdefault(key, asyncio.get_running_loop().create_future())

    def settle(self, key: Key, entry: Entry | None) -> None:
        self.settled.append((key, entry))

    async def push(self, name: bytes, entry: Entry | None) -> None:
        """Push, or end a lease without."""
        self.pushes.pop(Key(name)).set_result(entry)
        await settle()


class Model:
    """Takes what is handed on, and answers when told to."""

    def __init__(self) -> None:
        self.boardings: list[Boarding] = []

    def submit(self, boardings: Sequence[Boarding]) -> None:
        self.boardings.extend(boardings)

    @property
    def asked(self) -> list[bytes]:
        """The keys of each boarding that it was given."""
        return [b"".join(flight.key for flight in boarding.flights) for boarding in self.boardings]

    async def answer(self) -> None:
        for boarding in self.boardings:
            for flight in boarding.wanted():
                flight.land((COMPUTED, Origin.MODEL))
        await settle()


def keys(names: bytes) -> list[Key]:
    return [Key(bytes([name])) for name in names]


def cost_of(row_s: float | None) -> ModelCost:
    cost = ModelCost()
    cost.row_s = row_s
    return cost


def flights(leases: FakeLeases, model: Model, cache: DictCache | None = None, row_s: float | None = None) -> Flights:
    store = (cache or DictCache()).put_many
    shared = FlightsAcrossProcesses(leases, model, store, cost=cost_of(row_s), min_cost_s=0.05)
    return Flights(shared)


def ask(flights: Flights, names: bytes) -> asyncio.Task[Mapping[Key, Landed]]:
    async def found() -> Mapping[Key, Landed]:
        return await flights.join(dict.fromkeys(keys(names), 0), ONE)

    return asyncio.create_task(found())


async def test_what_nobody_else_computes_is_ours_and_is_told_to_all() -> None:
    leases, model = FakeLeases(), Model()
    asked = ask(flights(leases, model), b"ab")
    await settle()
    assert leases.settled == []

    await model.answer()

    assert await asked == {Key(b"a"): (COMPUTED, Origin.MODEL), Key(b"b"): (COMPUTED, Origin.MODEL)}
    assert model.asked == [b"ab"]
    assert leases.settled == [(b"a", COMPUTED), (b"b", COMPUTED)]


async def test_what_another_process_pushes_never_reaches_the_model_and_is_stored() -> None:
    leases, model, cache = FakeLeases(held_by_others=b"a"), Model(), DictCache()
    asked = ask(flights(leases, model, cache), b"a")
    await settle()

    await leases.push(b"a", PUSHED)

    assert await asked == {Key(b"a"): (PUSHED, Origin.COALESCED)}
    assert cache.entries == {Key(b"a"): PUSHED}
    assert model.asked == []
    assert leases.settled == []


async def test_ours_are_computed_while_others_are_waited_for() -> None:
    leases, model = FakeLeases(held_by_others=b"b"), Model()
    asked = ask(flights(leases, model), b"abc")
    await settle()
    assert model.asked == [b"ac"]

    await model.answer()
    assert not asked.done()
    await leases.push(b"b", PUSHED)

    assert {key: origin for key, (_, origin) in (await asked).items()} == {
        Key(b"a"): Origin.MODEL,
        Key(b"b"): Origin.COALESCED,
        Key(b"c"): Origin.MODEL,
    }


async def test_when_the_other_process_is_gone_the_key_is_claimed_and_computed() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    asked = ask(flights(leases, model), b"a")
    await settle()

    leases.others.clear()
    await leases.push(b"a", None)
    await model.answer()

    assert await asked == {Key(b"a"): (COMPUTED, Origin.MODEL)}
    assert leases.claims == [b"a", b"a"]
    assert leases.settled == [(b"a", COMPUTED)]


async def test_who_has_waited_in_vain_often_enough_computes_without_asking() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    asked = ask(flights(leases, model), b"a")
    for _ in range(WAITS):
        await settle()
        assert model.asked == []
        await leases.push(b"a", None)
    await model.answer()

    assert await asked == {Key(b"a"): (COMPUTED, Origin.MODEL)}
    assert len(leases.claims) == WAITS


async def test_a_failure_gives_the_lease_up() -> None:
    leases, model = FakeLeases(), Model()
    asked = ask(flights(leases, model), b"ab")
    await settle()

    model.boardings[0].fail(PredictionError("no"))

    with pytest.raises(PredictionError, match="no"):
        await asked
    assert leases.settled == [(b"a", None), (b"b", None)]


async def test_a_key_that_nobody_waits_for_any_more_is_given_up_and_found_anew_by_the_next() -> None:
    leases, model = FakeLeases(), Model()
    shared = flights(leases, model)
    asked = ask(shared, b"a")
    await settle()

    asked.cancel()
    await settle()
    again = ask(shared, b"a")
    await settle()
    await model.answer()

    assert leases.settled == [(b"a", None), (b"a", COMPUTED)]
    assert await again == {Key(b"a"): (COMPUTED, Origin.MODEL)}


async def test_what_is_computed_although_nobody_waits_any_more_is_told_all_the_same() -> None:
    """The model had begun on it."""
    leases, model = FakeLeases(), Model()
    asked = ask(flights(leases, model), b"a")
    await settle()
    [flight] = model.boardings[0].flights

    asked.cancel()
    await settle()
    flight.land((COMPUTED, Origin.MODEL))

    assert leases.settled == [(b"a", None), (b"a", COMPUTED)]


async def test_a_key_that_was_left_while_it_was_claimed_is_given_up() -> None:
    leases, model = FakeLeases(), Model()
    leases.grants.clear()
    asked = ask(flights(leases, model), b"a")
    await settle()

    asked.cancel()
    await settle()
    leases.grants.set()
    await settle()

    assert leases.settled == [(b"a", None)]
    assert model.asked == []


async def test_who_waited_for_another_process_and_leaves_leaves_nothing_behind() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    asked = ask(flights(leases, model), b"a")
    await settle()

    asked.cancel()
    await settle()

    assert leases.pushes[Key(b"a")].cancelled()
    assert other_tasks() == set()


async def test_a_lease_that_is_claimed_after_a_vain_wait_is_given_up_when_the_caller_leaves_meanwhile() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    asked = ask(flights(leases, model), b"a")
    await settle()
    leases.others.clear()
    leases.grants.clear()
    await leases.push(b"a", None)
    assert leases.claims == [b"a", b"a"]

    asked.cancel()
    await settle()
    leases.grants.set()
    await settle()

    assert leases.settled == [(b"a", None)]
    assert model.asked == []


async def test_what_cannot_be_stored_fails_who_waits() -> None:
    """Tiers that must not fail an answer are guarded; whoever uses one bare wants to hear of it."""
    leases = FakeLeases(held_by_others=b"a")
    asked = ask(flights(leases, Model(), DeadCache()), b"a")
    await settle()

    await leases.push(b"a", PUSHED)

    with pytest.raises(CacheUnavailableError):
        await asked


@pytest.mark.parametrize(("row_s", "asks"), [(None, True), (0.049, False), (0.05, True), (30.0, True)])
async def test_others_are_asked_only_where_an_instance_costs_enough_or_nobody_knows(
    row_s: float | None, asks: bool
) -> None:
    leases, model = FakeLeases(), Model()
    asked = ask(flights(leases, model, row_s=row_s), b"a")
    await settle()
    await model.answer()

    assert await asked == {Key(b"a"): (COMPUTED, Origin.MODEL)}
    assert bool(leases.claims) is asks
    assert bool(leases.settled) is asks


async def test_a_process_that_lives_but_does_not_answer_is_waited_for_no_longer_than_patience_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flights_across_processes, "UNKNOWN_PATIENCE_S", 0.01)
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    asked = ask(flights(leases, model), b"a")
    async with patience():
        while not model.asked:  # noqa: ASYNC110 - it is time that has to pass
            await asyncio.sleep(0.005)
    await model.answer()

    assert await asked == {Key(b"a"): (COMPUTED, Origin.MODEL)}
    assert leases.claims == [b"a"]


@pytest.mark.parametrize(("row_s", "patience_s"), [(None, 30.0), (0.06, 5.0), (3.0, 30.0)])
def test_patience_is_that_of_ten_instances(row_s: float | None, patience_s: float) -> None:
    shared = FlightsAcrossProcesses(FakeLeases(), Model(), DictCache().put_many, cost=cost_of(row_s), min_cost_s=0.05)

    assert shared._patience_s() == patience_s


async def test_a_file_is_computed_without_asking_beside_what_is_asked_about() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    shared = FlightsAcrossProcesses(leases, model, DictCache().put_many, cost=cost_of(None), min_cost_s=0.05)
    first_stage = Model()
    all_flights = Flights(first_stage)
    rows = [Key(row.to_bytes(2)) for row in range(LARGEST + 1)]
    file = asyncio.create_task(all_flights.join(dict.fromkeys(rows, 0), ONE))
    asked = ask(all_flights, b"ab")
    await settle()

    shared.submit(first_stage.boardings)
    await settle()

    assert [len(boarding.flights) for boarding in model.boardings] == [LARGEST + 1, 1]
    assert leases.claims == [b"ab"]
    file.cancel()
    asked.cancel()
    await settle()


async def test_callers_of_one_process_wait_for_one_push() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    shared = flights(leases, model)
    asked = [ask(shared, b"a") for _ in range(3)]
    await settle()
    asked[0].cancel()

    await leases.push(b"a", PUSHED)

    assert [await each for each in asked[1:]] == [{Key(b"a"): (PUSHED, Origin.COALESCED)}] * 2
    assert leases.claims == [b"a"]


def test_the_cost_of_an_instance_follows_the_last_calls() -> None:
    cost = ModelCost()
    cost.count(rows=10, seconds=1.0)
    assert cost.row_s == 0.1

    for _ in range(20):
        cost.count(rows=1, seconds=0.001)
    assert cost.is_below(0.002)


def test_a_cost_that_is_not_known_is_below_nothing() -> None:
    assert not ModelCost().is_below(1e9)
