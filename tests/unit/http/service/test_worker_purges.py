"""Workers without Redis between them purge by numbers in their slots."""

import asyncio

import pytest

from foreseen.domain.purging import Reached
from foreseen.entrypoints.http.counting.shared_memory_slots import SLOT_NUMBERS, Slots
from foreseen.entrypoints.http.service.worker_purges import SlotProcesses
from support.virtual_time import in_virtual_time, the_loop


class Here:
    """A process that counts how often it was purged."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.purges = 0
        self.entries = 10 * process

    async def __call__(self) -> int:
        self.purges += 1
        removed, self.entries = self.entries, 0
        await asyncio.sleep(0.2)  # for what is being written
        return removed


class View(Slots):
    """The slots as one of several workers sees them, without a process for each."""

    def __init__(self, rows: "list[memoryview[float]]", number: int) -> None:
        self.rows = rows
        self.number = number

    def claim(self) -> "memoryview[float]":
        return self.rows[self.number]

    def all(self) -> "list[memoryview[float]]":
        return self.rows

    def of_others(self) -> "list[memoryview[float]]":
        return [row for number, row in enumerate(self.rows) if number != self.number]


def workers(number: int) -> tuple[list[Here], list[SlotProcesses]]:
    rows = [memoryview(bytearray(8 * SLOT_NUMBERS)).cast("d") for _ in range(number)]
    here = [Here(process + 1) for process in range(number)]
    return here, [SlotProcesses(View(rows, place), each, clock=now) for place, each in enumerate(here)]


def now() -> float:
    return 1000.0 + the_loop().time()


@pytest.mark.parametrize("model", ["iris", None])
@in_virtual_time
async def test_all_workers_purge_and_are_counted(model: str | None) -> None:
    here, (one, two, three) = workers(3)
    async with one.heard(), two.heard(), three.heard():
        reached = await two.purge(model)
        await asyncio.sleep(1)

    assert reached == Reached({1: 10, 2: 20, 3: 30})
    assert [each.purges for each in here] == [1, 1, 1]


@in_virtual_time
async def test_a_worker_that_hangs_is_silent() -> None:
    _, (one, two, _) = workers(3)
    async with one.heard(), two.heard():
        assert await one.purge("iris") == Reached({1: 10, 2: 20}, silent=1)


@in_virtual_time
async def test_a_worker_that_comes_later_does_not_purge_for_what_was_before() -> None:
    here, (one, two) = workers(2)
    async with one.heard(), two.heard():
        await one.purge("iris")
    later = Here(9)
    slots = two._slots
    async with SlotProcesses(slots, later, clock=now).heard():
        await asyncio.sleep(1)

    assert later.purges == 0
    assert [each.purges for each in here] == [1, 1]
