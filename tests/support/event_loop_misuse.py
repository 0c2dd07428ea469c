"""Tests that misuse event loops, each in one way: run by tests/unit/test_loop_guard.py, which wants them to fail.

pytest does not collect this file by its name.
"""

import asyncio
import gc
import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import foreseen
from support.loop_guard import has_found
from support.loop_watch import slowness
from support.processes import wait_until

CODE = """
async def compute(work, is_enough):
    while not is_enough():
        work()

async def wait(noticed):
    noticed.wait(60)

async def give_way(work, sleep):
    for _ in range(30):
        work()
        await sleep(0)

async def collect(work):
    work()
    work()

def call(work, is_enough):
    while not is_enough():
        work()
"""


def code_of_ours() -> dict[str, Any]:
    """Return functions that the interpreter takes for ours, by the file that they say they are from."""
    made: dict[str, Any] = {}
    exec(compile(CODE, str(Path(foreseen.__file__).resolve().parent / "made_up.py"), "exec"), made)
    return made


OURS = code_of_ours()

NOTICED_S = 60.0
"""Seconds in which the guard notices, on whatever machine."""


def work(some_ms: float = 5.0) -> None:
    """Keep the processor busy for a while."""
    ends = time.thread_time() + slowness() * some_ms / 1000
    while time.thread_time() < ends:
        hashlib.blake2b(bytes(1000)).digest()


def until_found() -> Callable[[], bool]:
    """Return whether to end: once the guard, which itself computes slowly on such a machine, has noticed."""
    until = time.monotonic() + NOTICED_S
    return lambda: has_found() or time.monotonic() > until


def times(number: int) -> Callable[[], bool]:
    left = iter(range(number))
    return lambda: next(left, None) is None


async def test_bad_that_computes() -> None:
    await OURS["compute"](work, until_found())


async def test_bad_that_sleeps() -> None:
    noticed = threading.Event()  # however late the guard looks on a busy machine

    def notice() -> None:
        wait_until(has_found, seconds=NOTICED_S)
        noticed.set()

    threading.Thread(target=notice, daemon=True).start()
    await OURS["wait"](noticed)


async def test_bad_that_is_called_back() -> None:
    asyncio.get_running_loop().call_soon(OURS["call"], work, until_found())
    await asyncio.sleep(0.01)


def test_bad_on_a_loop_of_its_own() -> None:
    asyncio.run(OURS["compute"](work, until_found()))


async def test_bad_that_leaves_a_task() -> None:
    kept.append(asyncio.create_task(asyncio.Event().wait()))


def test_bad_that_leaves_a_task_on_its_own_loop() -> None:
    with asyncio.Runner() as runner:
        runner.run(test_bad_that_leaves_a_task())


async def test_bad_that_awaits_no_coroutine() -> None:
    asyncio.sleep(0)  # type: ignore[unused-coroutine]
    gc.collect()


async def test_bad_that_hears_no_exception() -> None:
    async def fail() -> None:
        raise ValueError("unheard")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()


async def test_good_that_gives_way() -> None:
    await OURS["give_way"](work, asyncio.sleep)


async def test_good_that_holds_the_loop_itself() -> None:
    work(150)
    time.sleep(0.15)  # noqa: ASYNC251 - on purpose


async def test_good_that_calls_a_plain_function_of_ours() -> None:
    OURS["call"](work, times(30))


async def test_good_whose_garbage_is_collected() -> None:
    gc.disable()  # while they are made it would run all the time
    kept_busy: list[object] = [[[]] for _ in range(1_000_000)]
    gc.enable()
    await OURS["collect"](gc.collect)
    assert kept_busy


async def test_good_that_another_try_refutes() -> None:
    if not tried:
        tried.append(True)
        await OURS["compute"](work, until_found())


async def test_good_whose_task_ends_by_itself() -> None:
    kept.append(asyncio.create_task(asyncio.sleep(0)))


async def test_good_beside_a_busy_machine() -> None:
    await asyncio.gather(*(asyncio.to_thread(work, 150) for _ in range(4)), OURS["give_way"](work, asyncio.sleep))


kept: list[asyncio.Task[Any]] = []
tried: list[bool] = []
