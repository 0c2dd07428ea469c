"""Deadlines: a caller waits until its own, beside others of the same key, and leaves no timer behind."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreseen.domain.answer import Origin
from foreseen.domain.errors import DeadlineExceededError
from foreseen.domain.flights.coalescing import Flights
from foreseen.domain.flights.flight import Boarding
from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.values.batch import Batch
from support.event_loop_steps import settle
from support.fakes import FLOWER
from support.virtual_time import run, the_loop

ROUNDED_S = 1e-9
"""What sums of such numbers may be off by."""

SECONDS = st.integers(0, 400).map(lambda hundredths: hundredths / 37)


KEY = Key(b"k")
ONE = Batch.of(FLOWER, {"length": [1.0], "width": [2.0]})


class Stalled:
    """A stage that lands nothing by itself."""

    def __init__(self) -> None:
        self.boardings: list[Boarding] = []

    def submit(self, boardings: Sequence[Boarding]) -> None:
        self.boardings += boardings


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=12), SECONDS)
def test_callers_of_one_key_each_keep_their_own_deadline(drawn: list[tuple[float, float]], lands: float) -> None:
    """Drawn are when each comes and how long they would wait; the key lands once, and wakes who waits by then."""

    async def ask(flights: Flights, comes: float, patience: float) -> None:
        await asyncio.sleep(comes)
        began = the_loop().time()
        deadline = began + patience
        try:
            found = await flights.join({KEY: 0}, ONE, deadline=deadline)
        except DeadlineExceededError:
            assert the_loop().time() == pytest.approx(deadline, abs=ROUNDED_S)
            assert not began + ROUNDED_S < lands < deadline - ROUNDED_S
        else:
            assert [entry.body for entry, _ in found.values()] == [b"1"]
            assert lands <= deadline + ROUNDED_S
            assert the_loop().time() == pytest.approx(lands, abs=ROUNDED_S)

    async def ask_together() -> None:
        stage = Stalled()
        flights = Flights(stage)
        asking = [asyncio.create_task(ask(flights, *each)) for each in drawn]
        await asyncio.sleep(lands)
        for boarding in stage.boardings:
            for flight in boarding.wanted():
                flight.land((Entry(b"1", 0, 0), Origin.MODEL))
        await asyncio.gather(*asking)

        assert len(flights) == 0
        assert [boarding.wanted() for boarding in stage.boardings] == [[] for _ in stage.boardings]
        await asyncio.sleep(20)
        assert the_loop().pending() == []

    run(ask_together())


@pytest.mark.parametrize("timeout", [0.0, 0.5])
def test_a_flight_is_dropped_only_at_its_last_deadline(timeout: float) -> None:
    async def ask_twice() -> None:
        stage = Stalled()
        flights = Flights(stage)
        short = asyncio.create_task(flights.join({KEY: 0}, ONE, deadline=timeout))
        long = asyncio.create_task(flights.join({KEY: 0}, ONE, deadline=1.0))
        with pytest.raises(DeadlineExceededError):
            await short
        assert [flight.key for flight in stage.boardings[0].wanted()] == [KEY]

        with pytest.raises(DeadlineExceededError):
            await long
        await settle()
        assert stage.boardings[0].wanted() == []
        assert len(flights) == 0

    run(ask_twice())
