"""A server on the test's own event loop, reached over real sockets, with and without TLS."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.entrypoints.http.request_log.request_context import fields_of
from foreseen.entrypoints.http.server.uvicorn_server import server_config
from foreseen.entrypoints.listening_port import listening
from foreseen.settings import Settings
from support.certificates import Certificates

GET: Final = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body of a request; at /early and /kept before it is read, of which the first closes.

    At /headers the answer is the request's own, and by name, at * the path; at /large it is more than any kernel takes
    for a client that does not read.
    """
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    path, body = scope["path"], b""
    is_early = path in ("/early", "/kept")
    if path == "/large":
        body = b" " * 3_000_000
    while not is_early:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if path == "/headers":
        body = repr((scope["headers"], fields_of(scope))).encode()
    if path == "*":
        body = scope["raw_path"]
    headers = [(b"content-length", b"%d" % len(body))] + [(b"connection", b"close")] * (path == "/early")
    await send({"type": "http.response.start", "status": 413 if is_early else 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Answer:
    """What came back: a status, headers by name, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Line:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send, and wait until it is on its way."""
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> Answer:
        """Read one answer."""
        line, *fields = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        body = await self._reader.readexactly(int(headers["content-length"]))
        return Answer(int(line.split()[1]), headers, body)

    async def continued(self) -> bool:
        """Read an interim answer; return whether it wants the body."""
        return (await self._reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")

    async def rest(self) -> bytes:
        """Read until the other side closes."""
        received = b""
        with suppress(ConnectionError, ssl.SSLError):
            while data := await self._reader.read(65536):
                received += data
        return received

    async def answers_begin(self) -> None:
        """Wait for the first of what comes back."""
        await self._reader.readuntil(b"\r\n\r\n")

    def end(self) -> None:
        """Announce that no more is sent, as far as the connection lets a client say so."""
        if self._writer.can_write_eof():
            self._writer.write_eof()
        else:
            self._writer.close()

    def close(self) -> None:
        """Close."""
        self._writer.transport.abort()


class InLoopServer:
    """A server that listens; a context manager closes what was opened here.

    Attributes:
        port: where.
    """

    def __init__(self, server: uvicorn.Server, port: int, trusted: ssl.SSLContext | None) -> None:
        self._server = server
        self.port = port
        self._trusted = trusted
        self._lines: list[Line] = []

    @property
    def connections(self) -> int:
        """How many connections the server counts."""
        return len(self._server.server_state.connections)

    @property
    def protocols(self) -> Sequence[Any]:
        """The protocols of its connections."""
        return list(self._server.server_state.connections)

    @property
    def state(self) -> dict[str, Any]:
        """What a service hands to its connections."""
        state: dict[str, Any] = self._server.lifespan.state
        return state

    async def open(self, *, is_raw: bool = False, receive_buffer: int | None = None) -> Line:
        """Connect; raw: without TLS, whatever the server speaks."""
        trusted = None if is_raw else self._trusted
        with socket.socket() as given:
            if receive_buffer is not None:
                given.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            # asyncio sets this only where a socket says that it is TCP's: each part is sent at once.
            given.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            given.setblocking(False)
            await asyncio.get_running_loop().sock_connect(given, ("127.0.0.1", self.port))
            name = None if trusted is None else "127.0.0.1"
            line = Line(*await asyncio.open_connection(sock=given.dup(), ssl=trusted, server_hostname=name))
        self._lines.append(line)
        return line

    def begin_shutdown(self) -> None:
        """Have every connection begin to end, as a server does that stops."""
        for connection in list(self._server.server_state.connections):
            connection.shutdown()

    async def asked(self, sent: bytes = GET) -> Answer:
        """Send a request on a connection of its own."""
        line = await self.open()
        await line.send(sent)
        return await line.answer()

    def close(self) -> None:
        """Close what was opened."""
        for line in self._lines:
            line.close()


@asynccontextmanager
async def in_loop_server(
    files: Certificates | None = None, *, serving: ASGIApp = app, **settings: Any
) -> AsyncIterator[InLoopServer]:
    """Open a server until the block ends; with certificates it speaks TLS."""
    tls: dict[str, Any] = {} if files is None else {"tls_certificate": files.both}
    trusted = None if files is None else ssl.create_default_context(cafile=files.authority)
    config = server_config(serving, Settings(**settings, **tls))
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with listening("127.0.0.1", 0) as listener:
        await server.startup(sockets=[listener])
        opened = InLoopServer(server, listener.getsockname()[1], trusted)
        try:
            yield opened
        finally:
            opened.close()
            await server.shutdown(sockets=[listener])
