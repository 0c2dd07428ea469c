"""What one process shows beside others: several boards on the slots of one memory."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from foreseen.domain.counters import CORRUPT, HITS_L1, SIZE, Tally
from foreseen.entrypoints.http.counting.service_counts import GAUGE_PLACES, STALE_AFTER_S, ServiceCounts
from foreseen.entrypoints.http.counting.shared_memory_slots import Slots
from foreseen.entrypoints.http.routes.metrics_route import GAUGES
from foreseen.wiring.instruments import Instruments
from support.fakes import Clock
from support.time_limits import patience


class Parts:
    """What instruments read."""

    def __init__(self) -> None:
        self.entries = 0
        self.corrupt = 0

    def instruments(self) -> Instruments:
        return Instruments({"entries": lambda: self.entries}, {CORRUPT: lambda: self.corrupt})


class SlotOf(Slots):
    """The slots as a process sees them that has the one of this number."""

    def __init__(self, slots: Slots, number: int) -> None:
        self._slots = slots
        self._number = number

    def claim(self) -> "memoryview[float]":
        return self._slots.slot(self._number)

    def all(self) -> "list[memoryview[float]]":
        return self._slots.all()


Start = Callable[[int], tuple[ServiceCounts, Tally, Parts]]


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def start(clock: Clock) -> Start:
    """Start a process on a slot."""
    shared = Slots()

    def started(number: int) -> tuple[ServiceCounts, Tally, Parts]:
        slots, parts = SlotOf(shared, number), Parts()
        tally = Tally(slots.claim())
        return ServiceCounts(tally, parts.instruments(), slots, clock=clock), tally, parts

    return started


def shown(counts: ServiceCounts) -> tuple[int, Mapping[str, float], int]:
    totals = counts.totals()
    return totals.tally.hits_l1, totals.gauges, totals.processes


def test_any_process_shows_the_sum_of_all(start: Start) -> None:
    (one, tally, parts), (other, tally_of_other, parts_of_other) = start(0), start(1)
    tally.counts[HITS_L1] += 2
    tally_of_other.counts[HITS_L1] += 3
    parts.entries, parts_of_other.entries = 10, 20
    one.read()
    other.read()

    assert shown(one) == shown(other) == (5, {"entries": 30}, 2)


def test_its_own_gauges_are_those_of_now(start: Start) -> None:
    counts, _, parts = start(0)
    counts.read()
    parts.entries = 7

    assert shown(counts) == (0, {"entries": 7}, 1)


def test_a_dead_process_keeps_its_counts_and_loses_its_gauges(start: Start, clock: Clock) -> None:
    (alive, _, parts), (dead, tally_of_dead, parts_of_dead) = start(0), start(1)
    tally_of_dead.counts[HITS_L1] += 3
    parts.entries, parts_of_dead.entries = 10, 20
    dead.read()
    clock.pass_s(STALE_AFTER_S - 1)
    assert shown(alive) == (3, {"entries": 30}, 2)
    clock.pass_s(1)

    assert shown(alive) == (3, {"entries": 10}, 1)


def test_a_successor_counts_on_and_shows_its_own(start: Start) -> None:
    alive, *_ = start(0)
    dead, tally_of_dead, parts_of_dead = start(1)
    tally_of_dead.counts[HITS_L1] += 3
    parts_of_dead.entries = 20
    dead.read()

    successor, tally, parts = start(1)
    tally.counts[HITS_L1] += 1
    parts.entries = 1
    successor.read()

    assert shown(alive) == (4, {"entries": 1}, 2)


def test_counts_of_adapters_never_shrink_when_a_process_restarts(start: Start) -> None:
    counts, tally, parts = start(0)
    parts.corrupt = 4
    counts.read()
    counts.read()
    assert tally.counts[CORRUPT] == 4
    parts.corrupt = 5
    assert counts.totals().tally.counts[CORRUPT] == 5

    successor, tally, parts = start(0)
    assert successor.totals().tally.counts[CORRUPT] == 5
    parts.corrupt = 1
    assert successor.totals().tally.counts[CORRUPT] == 6


async def test_while_it_is_kept_up_others_see_what_changes(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foreseen.entrypoints.http.counting.service_counts.READ_EVERY_S", 0.001)
    (watcher, *_), (counts, _, parts) = start(0), start(1)
    async with counts.kept_up():
        parts.entries = 5
        async with patience():
            while watcher.totals().gauges["entries"] != 5:  # noqa: ASYNC110 - it is shown in memory alone
                await asyncio.sleep(0.001)


async def test_the_last_counts_are_kept_and_gauges_end(start: Start) -> None:
    (watcher, *_), (counts, _, parts) = start(0), start(1)
    async with counts.kept_up():
        parts.entries = 5
    parts.corrupt = 3
    async with counts.kept_up():
        parts.corrupt = 4

    totals = watcher.totals()
    assert (totals.tally.counts[CORRUPT], totals.gauges, totals.processes) == (4, {"entries": 0}, 1)
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "read the gauges"]


async def test_alone_there_is_no_shared_memory_and_nothing_that_runs() -> None:
    parts, tally = Parts(), Tally()
    counts = ServiceCounts(tally, parts.instruments())
    async with counts.kept_up():
        assert len(asyncio.all_tasks()) == 1
        tally.counts[HITS_L1] += 1
        parts.entries, parts.corrupt = 2, 3
        totals = counts.totals()

    assert shown(counts) == (1, {"entries": 2}, 1)
    assert totals.tally.counts[CORRUPT] == 3
    assert isinstance(tally.counts, list)
    assert len(tally.counts) == SIZE


def test_every_gauge_has_a_place_after_the_tally() -> None:
    assert len(GAUGES) < GAUGE_PLACES
