"""A proxy between replicas and a real Redis that causes one kind of fault at a time, as a test sets it."""

import asyncio
import random
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from urllib.parse import urlsplit

from foreseen.domain.identity.entry import MAGIC
from support.time_limits import PATIENCE_S

CHUNK = 65536
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER: closing drops what waits to be sent, and sends a reset."""


class Fault(Enum):
    """What goes wrong."""

    NONE = "passes everything"
    DELAY = "sends each reply later"
    SILENCE = "takes requests to the server, and no reply back"
    BLACKHOLE = "leaves connections as they are, new ones too, and neither reads nor writes"
    REFUSE = "closes what is connected, and listens no more"
    HALF_CLOSE = "ends its side of the connection in place of a reply, and goes on reading"
    RESET = "sends half of a reply, then a reset"
    TRUNCATE = "sends half of a reply, then an orderly end"
    GARBLE = "flips a bit of each piece of a reply"
    TAMPER = "flips a bit of each entry in a reply, and of nothing around it"


class FaultProxy:
    """Listens on one port, on a thread of its own, so that a test may block.

    Attributes:
        fault: what goes wrong now.
        spoilt: pieces and entries of replies in which a bit was flipped, since the start.
    """

    def __init__(self, url: str, *, seed: int = 0) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._database = parts.path
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._flows = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._delay_s = 0.0
        self._port = 0
        self.fault = Fault.NONE
        self.spoilt = 0

    @property
    def url(self) -> str:
        """Where the server is reached through the proxy."""
        return f"redis://127.0.0.1:{self._port}{self._database}"

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self.set(Fault.NONE)

    def set(self, fault: Fault, *, delay_s: float = 0.0) -> None:
        """Go wrong in this way from now on, replies that are on their way included; return when that is so."""
        asyncio.run_coroutine_threadsafe(self._set(fault, delay_s), self._loop).result(10)

    def stop(self) -> None:
        """Close everything."""
        self.set(Fault.REFUSE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    async def _set(self, fault: Fault, delay_s: float) -> None:
        self.fault, self._delay_s = fault, delay_s
        if fault is Fault.BLACKHOLE:
            self._flows.clear()
        else:
            self._flows.set()
        if fault is Fault.REFUSE:
            await self._close()
        elif self._server is None:
            self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = self._loop.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        connection.add_done_callback(lambda _: writer.close())  # also of one that is cancelled before it has begun

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, until either end of it ends."""
        writers, pumps = [writer], list[asyncio.Task[None]]()
        try:
            await self._flows.wait()
            opening = self._loop.create_task(asyncio.open_connection(*self._address))
            try:
                far_reader, far_writer = await asyncio.shield(opening)
            except asyncio.CancelledError:  # else what opens just then would never be closed
                opening.add_done_callback(_close_what_opened)
                raise
            writers.append(far_writer)
            pumps += [
                self._loop.create_task(self._requests(reader, far_writer)),
                self._loop.create_task(self._replies(far_reader, writer)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except OSError:  # the server is away: so are we
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            for each in writers:  # before anything is awaited, where this task may be cancelled a second time
                each.close()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _requests(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while said := await source.read(CHUNK):
                await self._flows.wait()
                sink.write(said)
                await sink.drain()

    async def _replies(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while said := await source.read(CHUNK):
                await self._flows.wait()
                if not await self._send(said, sink):
                    return

    async def _send(self, said: bytes, sink: asyncio.StreamWriter) -> bool:
        """Send a piece of a reply as the fault has it; return whether the connection goes on."""
        match self.fault:
            case Fault.SILENCE:
                return True
            case Fault.DELAY:
                await asyncio.sleep(self._delay_s)
            case Fault.HALF_CLOSE:
                if not sink.transport.is_closing() and sink.can_write_eof():
                    sink.write_eof()
                await asyncio.Event().wait()  # until the client has enough of it
            case Fault.GARBLE:
                said = self._flipped(said, 0, len(said))
            case Fault.TAMPER:
                said = self._tampered(said)
            case Fault.RESET | Fault.TRUNCATE:
                sink.write(said[: len(said) // 2])
                await sink.drain()
                if self.fault is Fault.RESET:
                    sink.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                    sink.transport.abort()
                return False
        sink.write(said)
        await sink.drain()
        return True

    def _tampered(self, said: bytes) -> bytes:
        """Flip a bit in each entry: RESP gives a value as `$`, its length, and its bytes."""
        for header in re.finditer(rb"\$(\d+)\r\n(?=" + MAGIC + rb")", said):
            said = self._flipped(said, header.end(), header.end() + int(header[1]))
        return said

    def _flipped(self, said: bytes, begin: int, end: int) -> bytes:
        place, bit = self._random.randrange(begin, min(end, len(said))), 1 << self._random.randrange(8)
        self.spoilt += 1
        return said[:place] + bytes([said[place] ^ bit]) + said[place + 1 :]


@contextmanager
def fault_proxy(url: str, *, seed: int = 0) -> Iterator[FaultProxy]:
    """Yield a proxy before a server that passes everything on until a fault is set."""
    proxy = FaultProxy(url, seed=seed)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def _close_what_opened(opening: "asyncio.Task[tuple[asyncio.StreamReader, asyncio.StreamWriter]]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[1].close()
