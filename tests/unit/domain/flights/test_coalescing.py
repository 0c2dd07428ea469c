"""Flights: a caller of a key with a flight waits for it, and no caller fails by keys of another."""

import asyncio
from collections.abc import Sequence

import pytest

from foreseen.domain.answer import Origin
from foreseen.domain.flights.coalescing import Flights
from foreseen.domain.flights.flight import Boarding
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.values.batch import Batch
from support.event_loop_steps import cancelled_after, other_tasks, settle
from support.fakes import FLOWER


def keys(names: str) -> dict[Key, int]:
    return {Key(name.encode()): row for row, name in enumerate(names)}


def batch(names: str) -> Batch:
    return Batch.of(FLOWER, {"length": [float(ord(name)) for name in names], "width": [0.0] * len(names)})


class Finder:
    """Finds a key's letter when it is let to, and remembers what was wanted by then; letters in `bad` fail it."""

    def __init__(self, bad: str = "") -> None:
        self.submitted: list[str] = []
        self.found: list[str] = []
        self.gate = asyncio.Event()
        self.bad = bad
        self.finding: set[asyncio.Task[None]] = set()

    def submit(self, boardings: Sequence[Boarding]) -> None:
        for boarding in boardings:
            task = asyncio.create_task(self.find(boarding))
            self.finding.add(task)
            task.add_done_callback(self.finding.discard)

    async def find(self, boarding: Boarding) -> None:
        names = names_of(boarding)
        assert [chr(int(value)) for value in rows_of(boarding)] == list(names)
        self.submitted.append(names)
        await self.gate.wait()
        if set(names) & set(self.bad):
            boarding.fail(ValueError(names))
            return
        wanted = boarding.wanted()
        self.found.append("".join(flight.key.decode() for flight in wanted))
        for flight in wanted:
            flight.land((Entry(flight.key.upper(), 0, 0), Origin.MODEL))


def names_of(boarding: Boarding) -> str:
    return b"".join(flight.key for flight in boarding.flights).decode()


def rows_of(boarding: Boarding) -> Sequence[float]:
    lengths = boarding.instances.take([flight.row for flight in boarding.flights]).columns[0]
    return [float(length) for length in lengths]


async def ask(flights: Flights, names: str) -> str:
    found = await flights.join(keys(names), batch(names))
    assert found.keys() == keys(names).keys()
    return b"".join(found[key][0].body for key in keys(names)).decode()


async def test_concurrent_requests_for_one_key_cause_one_computation() -> None:
    finder = Finder()
    flights = Flights(finder)
    asking = [asyncio.create_task(ask(flights, "a")) for _ in range(1000)]
    await settle()
    finder.gate.set()

    assert await asyncio.gather(*asking) == ["A"] * 1000
    assert finder.submitted == ["a"]


async def test_only_keys_without_a_flight_are_submitted() -> None:
    finder = Finder()
    flights = Flights(finder)
    asking = [asyncio.create_task(ask(flights, names)) for names in ("abc", "bcd", "dea", "e")]
    await settle()
    finder.gate.set()

    assert await asyncio.gather(*asking) == ["ABC", "BCD", "DEA", "E"]
    assert finder.submitted == ["abc", "d", "e"]


async def test_a_flight_of_an_earlier_caller_counts_as_coalesced() -> None:
    finder = Finder()
    flights = Flights(finder)
    first = asyncio.create_task(flights.join(keys("ab"), batch("ab")))
    await settle()
    second = asyncio.create_task(flights.join(keys("bc"), batch("bc")))
    await settle()
    finder.gate.set()

    assert [origin for _, origin in (await first).values()] == [Origin.MODEL, Origin.MODEL]
    assert [origin for _, origin in (await second).values()] == [Origin.COALESCED, Origin.MODEL]


async def test_a_key_that_has_landed_is_computed_again() -> None:
    finder = Finder()
    finder.gate.set()
    flights = Flights(finder)

    assert [await ask(flights, "a") for _ in range(2)] == ["A", "A"]
    assert finder.submitted == ["a", "a"]


async def test_an_error_reaches_every_caller_and_is_not_kept() -> None:
    finder = Finder(bad="a")
    flights = Flights(finder)
    asking = [asyncio.create_task(ask(flights, "a")) for _ in range(5)]
    await settle()
    finder.gate.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [ValueError] * 5
    assert finder.submitted == ["a"]
    finder.bad = ""
    assert await ask(flights, "a") == "A"


async def test_a_caller_is_not_failed_by_the_keys_of_another() -> None:
    finder = Finder(bad="x")
    flights = Flights(finder)
    asking = [asyncio.create_task(ask(flights, names)) for names in ("ax", "a", "a", "ab")]
    await settle()
    finder.gate.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)

    assert isinstance(outcomes[0], ValueError)
    assert outcomes[1:] == ["A", "A", "AB"]
    # The two who wanted "a" alone went together; the third, who wanted it as well, could join them.
    assert finder.submitted == ["ax", "b", "a"]


async def test_the_computation_survives_the_caller_that_began_it() -> None:
    finder = Finder()
    flights = Flights(finder)
    first = asyncio.create_task(ask(flights, "a"))
    await settle()
    second = asyncio.create_task(ask(flights, "a"))
    await settle()

    first.cancel()
    await settle()
    finder.gate.set()

    assert await second == "A"
    assert first.cancelled()
    assert (finder.submitted, finder.found) == (["a"], ["a"])


async def test_the_last_caller_to_leave_drops_the_flight() -> None:
    finder = Finder()
    flights = Flights(finder)
    asking = [asyncio.create_task(ask(flights, "a")) for _ in range(3)]
    await settle()
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)

    assert len(flights) == 0
    finder.gate.set()
    await settle()
    assert finder.found == [""]
    assert other_tasks() == set()


async def test_an_unwanted_key_is_dropped_though_its_boarding_is_wanted() -> None:
    finder = Finder()
    flights = Flights(finder)
    first = asyncio.create_task(ask(flights, "abc"))
    await settle()
    second = asyncio.create_task(ask(flights, "b"))
    await settle()
    first.cancel()
    await settle()

    assert len(flights) == 1
    finder.gate.set()
    assert await second == "B"
    assert finder.found == ["b"]


async def test_a_request_after_the_last_caller_left_starts_again() -> None:
    finder = Finder()
    flights = Flights(finder)
    first = asyncio.create_task(ask(flights, "a"))
    await settle()
    first.cancel()
    await settle()
    second = asyncio.create_task(ask(flights, "a"))
    await settle()
    finder.gate.set()

    assert await second == "A"
    assert (finder.submitted, finder.found) == (["a", "a"], ["", "a"])


@pytest.mark.parametrize("turns", range(8))
async def test_a_caller_cancelled_anywhere_leaves_nothing_behind(turns: int) -> None:
    finder = Finder()
    flights = Flights(finder)
    other = asyncio.create_task(ask(flights, "ab"))

    await cancelled_after(turns, lambda: ask(flights, "bc"))
    finder.gate.set()

    assert await other == "AB"
    await settle()
    assert (len(flights), other_tasks()) == (0, set())


@pytest.mark.parametrize("turns", range(8))
async def test_the_first_caller_cancelled_anywhere_fails_no_coalesced_one(turns: int) -> None:
    finder = Finder()
    flights = Flights(finder)
    joining: list[asyncio.Task[str]] = []

    async def first() -> None:
        joining.append(asyncio.create_task(ask(flights, "b")))
        await ask(flights, "ab")

    await cancelled_after(turns, first)
    finder.gate.set()

    assert [await task for task in joining] == ["B"] * len(joining)
    await settle()
    assert (len(flights), other_tasks()) == (0, set())


async def test_an_abandoned_flight_in_the_model_is_joined() -> None:
    class Beginner(Finder):
        def submit(self, boardings: Sequence[Boarding]) -> None:
            boardings[0].is_begun = True
            super().submit(boardings)

    finder = Beginner()
    flights = Flights(finder)
    first = asyncio.create_task(ask(flights, "a"))
    await settle()
    first.cancel()
    await settle()
    second = asyncio.create_task(ask(flights, "a"))
    await settle()
    finder.gate.set()

    assert await second == "A"
    assert finder.submitted == ["a"]
    assert len(flights) == 0


async def test_a_rejected_flight_fails_at_once_beside_waiting_ones() -> None:
    class Full(Finder):
        def submit(self, boardings: Sequence[Boarding]) -> None:
            if names_of(boardings[0]) == "b":
                boardings[0].fail(ValueError("no room"))
            else:
                super().submit(boardings)

    finder = Full()
    flights = Flights(finder)
    first = asyncio.create_task(ask(flights, "a"))
    await settle()

    with pytest.raises(ValueError, match="no room"):
        await ask(flights, "ab")

    finder.gate.set()
    assert await first == "A"
    assert len(flights) == 0
