"""Reading ahead: chunks of a table are read on a thread of their own while others are scored."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from threading import Event, Semaphore, Thread
from typing import Any, Final

from foreseen.domain.tables.table import Chunk, TableReader

AHEAD: Final = 1
"""Chunks that are read before they are wanted."""

_Read = Callable[[], Chunk | None]
"""Gives a chunk that was read, None at the end, or raises what went wrong."""


async def read_ahead(reader: TableReader, *, skip: int) -> AsyncGenerator[Chunk, None]:
    """Go through the chunks of a table, but for the first that are skipped; raise as the reader.

    Python ends without waiting for this thread: a pipe that says nothing more must not keep a process. Where the
    chunks are left before their end, the thread ends with the one that it reads.
    """
    loop = asyncio.get_running_loop()
    read: asyncio.Queue[_Read] = asyncio.Queue()
    room, is_left = Semaphore(AHEAD), Event()

    def hand_over(item: _Read) -> None:
        try:
            loop.call_soon_threadsafe(read.put_nowait, item)
        except RuntimeError:  # the loop is closed
            return

    Thread(target=_read, args=(reader, skip, room, is_left, hand_over), name="reading", daemon=True).start()
    try:
        while (chunk := (await read.get())()) is not None:
            yield chunk
            room.release()
    finally:
        is_left.set()
        room.release()


def _read(reader: TableReader, skip: int, room: Semaphore, is_left: Event, hand_over: Callable[[_Read], None]) -> None:
    chunks: Iterator[Chunk] = iter(reader)
    try:
        for number, chunk in enumerate(chunks):
            if number >= skip:
                room.acquire()
                if is_left.is_set():
                    return
                hand_over(_returning(chunk))
        hand_over(_returning(None))
    except BaseException as exc:  # noqa: BLE001 - raised where the chunks are awaited
        hand_over(_raising(exc))


def _returning(chunk: Chunk | None) -> _Read:
    return lambda: chunk


def _raising(exc: BaseException) -> _Read:
    def fail() -> Any:
        raise exc

    return fail
