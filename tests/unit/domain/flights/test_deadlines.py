"""Deadlines: everybody is told once when their time is over, and nobody who does not wait any more."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreseen.domain.answer import Origin
from foreseen.domain.errors import DeadlineExceededError
from foreseen.domain.flights.coalescing import Boarding, Flights
from foreseen.domain.flights.deadlines import TICKS_PER_S, Deadlines
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.values.batch import Batch
from support.fakes import FLOWER
from support.stepping import settle
from support.virtual_time import run, the_loop

LATE_S = 1 / TICKS_PER_S + 0.0011
ROUNDED_S = 1e-9
"""What sums of such numbers may be off by."""

SECONDS = st.integers(0, 400).map(lambda hundredths: hundredths / 37)


@dataclass(eq=False)
class Waiter:
    """Remembers when it was told."""

    told: list[float] = field(default_factory=list)

    def expire(self) -> None:
        self.told.append(the_loop().time())


@given(st.lists(st.tuples(SECONDS, SECONDS, st.none() | SECONDS), max_size=30))
def test_each_is_told_once_and_never_early_unless_they_left(drawn: list[tuple[float, float, float | None]]) -> None:
    """Drawn are when each comes, how long they would wait, and after how long they leave, if they do."""

    async def wait(deadlines: Deadlines, comes: float, patience: float, leaves: float | None) -> None:
        await asyncio.sleep(comes)
        waiter, until = Waiter(), the_loop().time() + patience
        due = deadlines.join(waiter, until)
        if leaves is not None:
            await asyncio.sleep(leaves)
            due.discard(waiter)
        await asyncio.sleep(20)

        if leaves is None or leaves > patience + LATE_S:
            assert [until <= told <= until + LATE_S for told in waiter.told] == [True]
        elif leaves < patience:
            assert waiter.told == []

    async def wait_together() -> None:
        deadlines = Deadlines()
        await asyncio.gather(*(wait(deadlines, *each) for each in drawn))
        assert the_loop().pending() == []

    run(wait_together())


async def test_those_who_are_answered_cost_one_ring_in_all() -> None:
    """Else a service would wake up for each tick that a request once waited in, long after it was answered."""
    rings = 0

    async def answered_at_once() -> None:
        nonlocal rings
        deadlines = Deadlines()
        for _ in range(1000):
            waiter = Waiter()
            deadlines.join(waiter, the_loop().time() + 30).discard(waiter)
            await asyncio.sleep(0.02)
        before = the_loop().time()
        while the_loop().pending():
            rings += 1
            await asyncio.sleep(0.01 + the_loop().pending()[0].when() - the_loop().time())
        assert the_loop().time() - before < 31

    await asyncio.to_thread(run, answered_at_once())
    assert rings <= 2


def test_once_it_is_closed_nobody_is_told() -> None:
    async def close() -> None:
        deadlines, waiter = Deadlines(), Waiter()
        deadlines.join(waiter, 1.0)
        deadlines.close()
        await asyncio.sleep(2)

        assert waiter.told == []
        assert the_loop().pending() == []

    run(close())


KEY = Key(b"k")
ONE = Batch.of(FLOWER, {"length": [1.0], "width": [2.0]})


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=12), SECONDS)
def test_of_those_who_wait_for_one_key_each_keeps_their_own_deadline(
    drawn: list[tuple[float, float]], lands: float
) -> None:
    """Drawn are when each asks and how long they would wait; the key lands once, and wakes who waits by then."""

    async def ask(flights: Flights, comes: float, patience: float) -> None:
        await asyncio.sleep(comes)
        began = the_loop().time()
        until = began + patience
        try:
            found, _ = await flights({KEY: 0}, ONE, until=until)
        except DeadlineExceededError:
            assert until - ROUNDED_S <= the_loop().time() <= until + LATE_S
            assert not began + ROUNDED_S < lands < until - ROUNDED_S
        else:
            assert found == {KEY: (Entry(b"1", 0, 0), Origin.MODEL)}
            assert lands <= until + LATE_S
            assert the_loop().time() == pytest.approx(lands, abs=ROUNDED_S)

    async def ask_together() -> None:
        boardings: list[Boarding] = []
        flights = Flights(boardings.append)
        asking = [asyncio.create_task(ask(flights, *each)) for each in drawn]
        await asyncio.sleep(lands)
        for boarding in boardings:
            for flight in boarding.wanted():
                flight.land((Entry(b"1", 0, 0), Origin.MODEL))
        await asyncio.gather(*asking)

        assert len(flights) == 0
        assert [boarding.wanted() for boarding in boardings] == [[] for _ in boardings]
        await asyncio.sleep(20)
        assert the_loop().pending() == []

    run(ask_together())


@pytest.mark.parametrize("timeout", [0.0, 0.5])
def test_a_key_is_let_go_when_the_last_deadline_passes_and_not_before(timeout: float) -> None:
    async def ask_twice() -> None:
        boardings: list[Boarding] = []
        flights = Flights(boardings.append)
        short = asyncio.create_task(flights({KEY: 0}, ONE, until=timeout))
        long = asyncio.create_task(flights({KEY: 0}, ONE, until=1.0))
        with pytest.raises(DeadlineExceededError):
            await short
        assert [flight.key for flight in boardings[0].wanted()] == [KEY]

        with pytest.raises(DeadlineExceededError):
            await long
        await settle()
        assert boardings[0].wanted() == []
        assert len(flights) == 0

    run(ask_twice())
