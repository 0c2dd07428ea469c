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


def slots_of(workers: int) -> list[View]:
    """Return the slots of workers as each of them sees them."""
    rows = [memoryview(bytearray(8 * SLOT_NUMBERS)).cast("d") for _ in range(workers)]
    return [View(rows, place) for place in range(workers)]


def workers(number: int) -> tuple[list[Here], list[SlotProcesses]]:
    here = [Here(process + 1) for process in range(number)]
    return here, [SlotProcesses(slots, each, clock=now) for slots, each in zip(slots_of(number), here, strict=True)]


def now() -> float:
    return 1000.0 + the_loop().time()


@pytest.mark.parametrize("model", ["iris", None])
@in_virtual_time
async def test_all_workers_purge_and_are_counted(model: str | None) -> None:
    here, (one, two, three) = workers(3)
    async with one.listening(), two.listening(), three.listening():
        reached = await two.purge(model)
        await asyncio.sleep(1)

    assert reached == Reached({1: 10, 2: 20, 3: 30})
    assert [each.purges for each in here] == [1, 1, 1]


@in_virtual_time
async def test_a_worker_that_hangs_is_silent() -> None:
    _, (one, two, _) = workers(3)
    async with one.listening(), two.listening():
        assert await one.purge("iris") == Reached({1: 10, 2: 20}, silent=1)


@in_virtual_time
async def test_a_later_worker_ignores_earlier_purges() -> None:
    slots, here, later = slots_of(2), [Here(1), Here(2)], Here(9)
    one, two = (SlotProcesses(seen, each, clock=now) for seen, each in zip(slots, here, strict=True))
    async with one.listening(), two.listening():
        await one.purge("iris")
    async with SlotProcesses(slots[1], later, clock=now).listening():
        await asyncio.sleep(1)

    assert later.purges == 0
    assert [each.purges for each in here] == [1, 1]
