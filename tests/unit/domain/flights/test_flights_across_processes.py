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
from support.event_loop_steps import other_tasks, settle, until
from support.fakes import FLOWER, DeadCache, DictCache
from support.time_limits import patience
from support.virtual_time import in_virtual_time, the_loop

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
    """Takes what is submitted, and answers when a test lets it."""

    def __init__(self) -> None:
        self.boardings: list[Boarding] = []

    def submit(self, boardings: Sequence[Boarding]) -> None:
        self.boardings.extend(boardings)

    @property
    def submitted(self) -> list[bytes]:
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


async def test_a_key_without_a_lease_is_computed_and_published() -> None:
    leases, model = FakeLeases(), Model()
    request = ask(flights(leases, model), b"ab")
    await settle()
    assert leases.settled == []

    await model.answer()

    assert await request == {Key(b"a"): (COMPUTED, Origin.MODEL), Key(b"b"): (COMPUTED, Origin.MODEL)}
    assert model.submitted == [b"ab"]
    assert leases.settled == [(b"a", COMPUTED), (b"b", COMPUTED)]


async def test_a_pushed_entry_is_stored_and_skips_the_model() -> None:
    leases, model, cache = FakeLeases(held_by_others=b"a"), Model(), DictCache()
    request = ask(flights(leases, model, cache), b"a")
    await settle()

    await leases.push(b"a", PUSHED)

    assert await request == {Key(b"a"): (PUSHED, Origin.COALESCED)}
    assert cache.entries == {Key(b"a"): PUSHED}
    assert model.submitted == []
    assert leases.settled == []


async def test_ours_are_computed_while_others_are_waited_for() -> None:
    leases, model = FakeLeases(held_by_others=b"b"), Model()
    request = ask(flights(leases, model), b"abc")
    await settle()
    assert model.submitted == [b"ac"]

    await model.answer()
    assert not request.done()
    await leases.push(b"b", PUSHED)

    assert {key: origin for key, (_, origin) in (await request).items()} == {
        Key(b"a"): Origin.MODEL,
        Key(b"b"): Origin.COALESCED,
        Key(b"c"): Origin.MODEL,
    }


async def test_a_key_of_a_lost_process_is_claimed_and_computed() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    request = ask(flights(leases, model), b"a")
    await settle()

    leases.others.clear()
    await leases.push(b"a", None)
    await model.answer()

    assert await request == {Key(b"a"): (COMPUTED, Origin.MODEL)}
    assert leases.claims == [b"a", b"a"]
    assert leases.settled == [(b"a", COMPUTED)]


async def test_vain_waits_end_in_computing_without_a_lease() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    request = ask(flights(leases, model), b"a")
    for _ in range(WAITS):
        await settle()
        assert model.submitted == []
        await leases.push(b"a", None)
    await model.answer()

    assert await request == {Key(b"a"): (COMPUTED, Origin.MODEL)}
    assert len(leases.claims) == WAITS


async def test_a_failure_gives_the_lease_up() -> None:
    leases, model = FakeLeases(), Model()
    request = ask(flights(leases, model), b"ab")
    await settle()

    model.boardings[0].fail(PredictionError("no"))

    with pytest.raises(PredictionError, match="no"):
        await request
    assert leases.settled == [(b"a", None), (b"b", None)]


async def test_an_abandoned_key_is_released_and_found_again_later() -> None:
    leases, model = FakeLeases(), Model()
    shared = flights(leases, model)
    request = ask(shared, b"a")
    await settle()

    request.cancel()
    await settle()
    again = ask(shared, b"a")
    await settle()
    await model.answer()

    assert leases.settled == [(b"a", None), (b"a", COMPUTED)]
    assert await again == {Key(b"a"): (COMPUTED, Origin.MODEL)}


async def test_a_computation_that_outlives_its_callers_is_published() -> None:
    """The model had begun on it."""
    leases, model = FakeLeases(), Model()
    request = ask(flights(leases, model), b"a")
    await settle()
    [flight] = model.boardings[0].flights

    request.cancel()
    await settle()
    flight.land((COMPUTED, Origin.MODEL))

    assert leases.settled == [(b"a", None), (b"a", COMPUTED)]


async def test_a_key_abandoned_during_its_claim_is_released() -> None:
    leases, model = FakeLeases(), Model()
    leases.grants.clear()
    request = ask(flights(leases, model), b"a")
    await settle()

    request.cancel()
    await settle()
    leases.grants.set()
    await settle()

    assert leases.settled == [(b"a", None)]
    assert model.submitted == []


async def test_a_caller_that_leaves_while_waiting_leaves_no_task() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    request = ask(flights(leases, model), b"a")
    await settle()

    request.cancel()
    await settle()

    assert leases.pushes[Key(b"a")].cancelled()
    assert other_tasks() == set()


async def test_a_lease_claimed_for_a_departed_caller_is_released() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    request = ask(flights(leases, model), b"a")
    await settle()
    leases.others.clear()
    leases.grants.clear()
    await leases.push(b"a", None)
    assert leases.claims == [b"a", b"a"]

    request.cancel()
    await settle()
    leases.grants.set()
    await settle()

    assert leases.settled == [(b"a", None)]
    assert model.submitted == []


async def test_a_failure_to_store_fails_the_waiting_callers() -> None:
    """Tiers that must not fail an answer are guarded; a bare one raises."""
    leases = FakeLeases(held_by_others=b"a")
    request = ask(flights(leases, Model(), DeadCache()), b"a")
    await settle()

    await leases.push(b"a", PUSHED)

    with pytest.raises(CacheUnavailableError):
        await request


@pytest.mark.parametrize(("row_s", "asks"), [(None, True), (0.049, False), (0.05, True), (30.0, True)])
async def test_leases_are_used_only_for_costly_or_unknown_models(row_s: float | None, asks: bool) -> None:
    leases, model = FakeLeases(), Model()
    request = ask(flights(leases, model, row_s=row_s), b"a")
    await settle()
    await model.answer()

    assert await request == {Key(b"a"): (COMPUTED, Origin.MODEL)}
    assert bool(leases.claims) is asks
    assert bool(leases.settled) is asks


async def test_a_stuck_process_is_waited_for_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flights_across_processes, "UNKNOWN_PATIENCE_S", 0.01)
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    request = ask(flights(leases, model), b"a")
    async with patience():
        while not model.submitted:  # noqa: ASYNC110 - it is time that has to pass
            await asyncio.sleep(0.005)
    await model.answer()

    assert await request == {Key(b"a"): (COMPUTED, Origin.MODEL)}
    assert leases.claims == [b"a"]


@pytest.mark.parametrize(("row_s", "patience_s"), [(None, 30.0), (0.06, 5.0), (3.0, 30.0)])
@in_virtual_time
async def test_another_process_is_awaited_for_ten_instances(row_s: float | None, patience_s: float) -> None:
    model = Model()
    request = ask(flights(FakeLeases(held_by_others=b"a"), model, row_s=row_s), b"a")
    await until(lambda: bool(model.submitted))

    assert the_loop().time() == pytest.approx(patience_s, abs=0.1)
    await model.answer()
    await request


async def test_a_file_is_computed_without_leases_beside_requests() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    shared = FlightsAcrossProcesses(leases, model, DictCache().put_many, cost=cost_of(None), min_cost_s=0.05)
    first_stage = Model()
    all_flights = Flights(first_stage)
    rows = [Key(row.to_bytes(2)) for row in range(LARGEST + 1)]
    file = asyncio.create_task(all_flights.join(dict.fromkeys(rows, 0), ONE))
    request = ask(all_flights, b"ab")
    await settle()

    shared.submit(first_stage.boardings)
    await settle()

    assert [len(boarding.flights) for boarding in model.boardings] == [LARGEST + 1, 1]
    assert leases.claims == [b"ab"]
    file.cancel()
    request.cancel()
    await settle()


async def test_callers_of_one_process_wait_for_one_push() -> None:
    leases, model = FakeLeases(held_by_others=b"a"), Model()
    shared = flights(leases, model)
    request = [ask(shared, b"a") for _ in range(3)]
    await settle()
    request[0].cancel()

    await leases.push(b"a", PUSHED)

    assert [await each for each in request[1:]] == [{Key(b"a"): (PUSHED, Origin.COALESCED)}] * 2
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
