"""Chunks are read on a thread of their own, which ends when no more of them are wanted."""

import threading
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any, cast

from foreseen.domain.tables.table import Chunk, TableReader
from foreseen.entrypoints.batch.reading_ahead import read_ahead
from support.event_loop_steps import until


def chunks() -> Iterator[Chunk]:
    while True:
        yield cast("Chunk", object())


async def test_the_reading_thread_ends_when_its_chunks_are_abandoned() -> None:
    before = set(threading.enumerate())

    async with aclosing(read_ahead(cast("TableReader", cast("Any", chunks())), skip=0)) as read:
        assert await anext(read) is not await anext(read)
        (thread,) = set(threading.enumerate()) - before

    await until(lambda: not thread.is_alive())
