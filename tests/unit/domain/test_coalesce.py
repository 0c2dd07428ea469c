"""Flights: whoever asks for a key that is being found waits for that, and nobody is failed by somebody else's keys."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from foreseen.domain.batch import Batch
from foreseen.domain.coalesce import Flights
from foreseen.domain.key import Key
from support.fakes import FLOWER
from support.stepping import cancelled_after, other_tasks, settle


def keys(names: str) -> dict[Key, int]:
    return {Key(name.encode()): row for row, name in enumerate(names)}


def batch(names: str) -> Batch:
    return Batch.of(FLOWER, {"length": [float(ord(name)) for name in names], "width": [0.0] * len(names)})


class Finder:
    """Finds a key's letter when it is let to, and remembers what it was asked; letters in `bad` fail it."""

    def __init__(self, bad: str = "") -> None:
        self.asked: list[str] = []
        self.cancelled: list[str] = []
        self.gate = asyncio.Event()
        self.bad = bad

    async def __call__(self, wanted: Sequence[Key], rows: Batch) -> Mapping[Key, str]:
        names = b"".join(wanted).decode()
        assert [chr(int(value)) for value in rows.columns[0]] == list(names)
        self.asked.append(names)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(names)
            raise
        if set(names) & set(self.bad):
            raise ValueError(names)
        return {key: key.decode().upper() for key in wanted}


async def ask(flights: Flights[str], names: str) -> str:
    found, _ = await flights(keys(names), batch(names))
    assert list(found) == list(keys(names))
    return "".join(found.values())


async def test_many_who_ask_for_one_key_at_once_cause_one_computation() -> None:
    finder = Finder()
    flights = Flights(finder)
    asking = [asyncio.create_task(ask(flights, "a")) for _ in range(1000)]
    await settle()
    finder.gate.set()

    assert await asyncio.gather(*asking) == ["A"] * 1000
    assert finder.asked == ["a"]


async def test_only_the_keys_that_nobody_asked_for_yet_are_asked_for() -> None:
    finder = Finder()
    flights = Flights(finder)
    asking = [asyncio.create_task(ask(flights, names)) for names in ("abc", "bcd", "dea", "e")]
    await settle()
    finder.gate.set()

    assert await asyncio.gather(*asking) == ["ABC", "BCD", "DEA", "E"]
    assert finder.asked == ["abc", "d", "e"]


async def test_who_joined_is_told_so() -> None:
    finder = Finder()
    flights = Flights(finder)
    first = asyncio.create_task(flights(keys("ab"), batch("ab")))
    await settle()
    second = asyncio.create_task(flights(keys("bc"), batch("bc")))
    await settle()
    finder.gate.set()

    assert (await first)[1] == set()
    assert (await second)[1] == {b"b"}


async def test_a_key_that_has_landed_is_computed_anew() -> None:
    finder = Finder()
    finder.gate.set()
    flights = Flights(finder)

    assert [await ask(flights, "a") for _ in range(2)] == ["A", "A"]
    assert finder.asked == ["a", "a"]


async def test_an_error_reaches_everybody_who_waits_and_is_not_kept() -> None:
    finder = Finder(bad="a")
    flights = Flights(finder)
    asking = [asyncio.create_task(ask(flights, "a")) for _ in range(5)]
    await settle()
    finder.gate.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    finder.bad = ""

    assert [type(outcome) for outcome in outcomes] == [ValueError] * 5
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
    assert finder.asked == ["ax", "b", "a"]


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
    assert (finder.asked, finder.cancelled) == (["a"], [])


async def test_the_last_who_leaves_cancels_what_nobody_wants() -> None:
    finder = Finder()
    flights = Flights(finder)
    asking = [asyncio.create_task(ask(flights, "a")) for _ in range(3)]
    await settle()
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    await settle()

    assert finder.cancelled == ["a"]
    assert (len(flights), other_tasks()) == (0, set())


async def test_who_asks_after_the_last_has_left_is_not_cancelled_with_it() -> None:
    finder = Finder()
    flights = Flights(finder)
    first = asyncio.create_task(ask(flights, "a"))
    await settle()
    first.cancel()
    second = asyncio.create_task(ask(flights, "a"))
    await settle()
    finder.gate.set()

    assert await second == "A"


@pytest.mark.parametrize("turns", range(8))
async def test_a_caller_cancelled_at_any_await_leaves_nothing_and_fails_nobody(turns: int) -> None:
    finder = Finder()
    flights = Flights(finder)
    other = asyncio.create_task(ask(flights, "ab"))

    await cancelled_after(turns, lambda: ask(flights, "bc"))
    finder.gate.set()

    assert await other == "AB"
    await settle()
    assert (len(flights), other_tasks()) == (0, set())


@pytest.mark.parametrize("turns", range(8))
async def test_the_first_caller_cancelled_at_any_await_fails_nobody_who_joined(turns: int) -> None:
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
