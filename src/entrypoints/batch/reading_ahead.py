"""Reading ahead: chunks of a table are read on a thread of their own while others are scored."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from threading import Event, Semaphore, Thread
from typing import Final, NoReturn

from foreseen.domain.tables.table import Chunk, TableReader

AHEAD: Final = 1
"""Number of chunks that are read before they are needed."""

_Read = Callable[[], Chunk | None]
"""Returns a chunk that was read, or None at the end of the table; raises the reader's error."""


async def read_ahead(reader: TableReader, *, skip: int) -> AsyncGenerator[Chunk, None]:
    """Yield the chunks of a table after the first `skip`; raise as the reader does.

    The thread is a daemon: a pipe without further data must not keep a process from ending. If the caller stops early,
    the thread ends once it has read its current chunk.
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
    def fail() -> NoReturn:
        raise exc

    return fail
