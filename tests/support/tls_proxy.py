"""TLS in front of a server that speaks none, in a thread of its own."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TypeAlias
from urllib.parse import urlsplit

from support.certificates import Certificates
from support.time_limits import PATIENCE_S

Connected: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def tls_before(url: str, files: Certificates) -> Iterator[int]:
    """Yield the port where the server of a URL can be reached by TLS."""
    opened: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        done = asyncio.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.both)
        pumps: set[asyncio.Task[None]] = set()
        writers: set[asyncio.StreamWriter] = set()
        server = await asyncio.start_server(_connect_to(url, pumps, writers), "127.0.0.1", 0, ssl=context)
        opened.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), done))
        await done.wait()
        server.close()
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # in which what was aborted is closed

    thread = Thread(target=asyncio.run, args=[run()])
    thread.start()
    port, loop, done = opened.result(timeout=PATIENCE_S)
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(timeout=PATIENCE_S)


def _connect_to(url: str, pumps: set[asyncio.Task[None]], writers: set[asyncio.StreamWriter]) -> Connected:
    place = urlsplit(url)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        far_reader, far_writer = await asyncio.open_connection(place.hostname, place.port)
        writers.add(far_writer)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            pumps.add(asyncio.create_task(_pump(source, sink)))

    return connect


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while said := await source.read(65536):
            sink.write(said)
            await sink.drain()
    sink.close()
