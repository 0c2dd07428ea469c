"""An endpoint as ElastiCache Serverless has it: of a cluster, silent about nodes, one slot at a time."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import hiredis
from redis.crc import key_slot

from support.time_limits import PATIENCE_S

CROSSSLOT = "CROSSSLOT Keys in request don't hash to the same slot"
UNKNOWN = "ERR unknown command 'CLUSTER'"


class ServerlessEndpoint:
    """Passes on to a real server what a cluster would do; the rest is rejected by that server, so replies keep order.

    Attributes:
        rejected: how often keys of several slots were in one command.
    """

    def __init__(self, url: str, *, is_open_about_it: bool) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 6379)
        self._is_open_about_it = is_open_about_it
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="serverless endpoint", daemon=True)
        self._connections: set[asyncio.Task[None]] = set()
        self.rejected = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def stop(self) -> None:
        """Close everything."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        far_reader, far_writer = await asyncio.open_connection(*self._address)
        back = asyncio.create_task(self._replies(far_reader, writer))
        with suppress(ConnectionError, asyncio.CancelledError):
            await self._commands(reader, far_writer)
        back.cancel()
        far_writer.close()
        writer.close()
        self._connections.discard(task)

    async def _commands(self, reader: asyncio.StreamReader, far: asyncio.StreamWriter) -> None:
        parser = hiredis.Reader()
        while said := await reader.read(65536):
            parser.feed(said)
            while (command := parser.gets()) is not False:
                far.write(hiredis.pack_command(tuple(self._passed_on(command))))  # type: ignore[arg-type]
            await far.drain()

    async def _replies(self, far: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while said := await far.read(65536):
                if self._is_open_about_it:
                    said = said.replace(b"$10\r\nstandalone\r\n", b"$7\r\ncluster\r\n")
                writer.write(said)
                await writer.drain()

    def _passed_on(self, command: Sequence[bytes]) -> Sequence[bytes | str | int]:
        name = command[0].upper()
        if name == b"CLUSTER":
            return _rejection(UNKNOWN)
        if len({key_slot(key) for key in _keys(name, command)}) > 1:
            self.rejected += 1
            return _rejection(CROSSSLOT)
        return command


def _keys(name: bytes, command: Sequence[bytes]) -> Sequence[bytes]:
    if name in (b"MGET", b"DEL", b"UNLINK", b"EXISTS"):
        return command[1:]
    if name in (b"EVAL", b"EVALSHA"):
        return command[3 : 3 + int(command[2])]
    return command[1:2]


def _rejection(words: str) -> Sequence[str | int]:
    return ("EVAL", "return redis.error_reply(ARGV[1])", 0, words)


@contextmanager
def serverless_endpoint(url: str, *, is_open_about_it: bool = True) -> Iterator[ServerlessEndpoint]:
    """Yield an endpoint in front of a server; one that is not open about it greets as a single server does."""
    endpoint = ServerlessEndpoint(url, is_open_about_it=is_open_about_it)
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()
