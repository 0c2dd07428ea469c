"""Servers on loopback that make trouble: one that lies, and a gate before a real one that can be shut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

HELLO = b"%1\r\n$5\r\nproto\r\n:3\r\n"


@asynccontextmanager
async def lying_server(
    reply: bytes | bytearray, hello: bytes = HELLO, then: bytes = b"", *, is_last: bool = False
) -> AsyncIterator[str]:
    """Return the URL of a server that greets as Redis does, and answers every command with the same bytes.

    Args:
        reply: may be changed meanwhile, where it is a bytearray.
        then: what it sends a little later, so that it is read by itself.
        is_last: whether it closes the connection after the reply.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while asked := await reader.read(65536):
                if b"HELLO" in asked:
                    writer.write(hello)
                elif b"CLIENT" in asked:
                    writer.write(b"+OK\r\n" * asked.count(b"CLIENT"))
                elif b"PING" in asked:
                    writer.write(b"+PONG\r\n")
                else:
                    writer.write(bytes(reply))
                    if then:
                        await asyncio.sleep(0.02)
                        writer.write(then)
                    if is_last:
                        break
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


class Gate:
    """A way to a real server that can be frozen, so that nothing comes through, and cut."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._database = parts.path
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Where the gate listens."""
        return f"redis://127.0.0.1:{self.port}{self._database}"

    async def open(self) -> None:
        """Listen, on the same port each time."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Close every connection, and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._pumps.clear()
        self._writers.clear()
        self._clients.clear()

    def freeze(self) -> None:
        """Let nothing through; connections stay."""
        self._flows.clear()

    def thaw(self) -> None:
        """Let through what waits, and all that follows."""
        self._flows.set()

    async def say(self, words: bytes) -> None:
        """Send everybody who is connected something that the server did not say."""
        for writer in self._clients:
            writer.write(words)
            await writer.drain()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._address)
        self._clients.add(writer)
        self._writers |= {writer, far_writer}
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._pumps.add(asyncio.create_task(self._pump(source, sink)))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while said := await source.read(65536):
                await self._flows.wait()
                sink.write(said)
                await sink.drain()
        sink.close()


@asynccontextmanager
async def gate_before(url: str) -> AsyncIterator[Gate]:
    """Yield an open gate before a server."""
    gate = Gate(url)
    await gate.open()
    try:
        yield gate
    finally:
        await gate.cut()
