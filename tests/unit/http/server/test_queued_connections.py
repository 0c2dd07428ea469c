"""Connections in the kernel's queue are accepted before their port is closed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from foreseen.entrypoints.http.server import queued_connections
from foreseen.entrypoints.http.server.queued_connections import accept_queued
from support.event_loop_steps import settle
from support.time_limits import patience


class Port:
    """A port that the event loop accepts connections from, and what connected to it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.accepted = 0
        self.clients: list[socket.socket] = []
        self.server: asyncio.Server | None = None

    async def open(self) -> None:
        """Have the event loop accept connections."""
        self.server = await asyncio.start_server(self.accept, sock=self.listener)

    async def close(self) -> None:
        """Close the port at once, and hear of the connections that were accepted before."""
        assert self.server is not None
        self.server.close()
        await settle()

    def connect(self, count: int = 1) -> None:
        """Connect without a turn of the event loop: the kernel completes each connection by itself."""
        self.clients += [socket.create_connection(self.listener.getsockname()) for _ in range(count)]

    def accept(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count a connection."""
        self.accepted += 1
        writer.close()


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    port = Port()
    await port.open()
    yield port
    await port.close()
    for client in port.clients:
        client.close()


@pytest.fixture
def after_settling(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have something happen after the event loop's last look at the port, as on a machine that holds the process."""

    def have(happen: Callable[[], None]) -> None:
        wait = asyncio.sleep

        async def sleep(delay: float) -> None:
            await wait(delay)
            if delay == queued_connections.SETTLE_S:
                happen()

        monkeypatch.setattr(asyncio, "sleep", sleep)

    return have


async def test_connections_that_wait_are_accepted(port: Port) -> None:
    port.connect(5)

    await accept_queued([port.listener])
    await port.close()

    assert port.accepted == 5


async def test_a_connection_after_the_last_look_is_accepted(
    port: Port, after_settling: Callable[[Callable[[], None]], None]
) -> None:
    after_settling(port.connect)

    await accept_queued([port.listener])
    await port.close()

    assert port.accepted == 1


async def test_connections_that_are_not_accepted_do_not_prevent_a_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        async with patience():
            await accept_queued([listener])
