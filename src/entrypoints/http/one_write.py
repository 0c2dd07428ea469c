"""One write a reply: uvicorn writes head and body apart, and each write is a system call of several microseconds."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foreseen.entrypoints.http.clients import Client, state_with

LINGER_S: Final = 30.0
"""Seconds for a client to take the last that was written, once we have closed."""


class OneWriteProtocol(HttpToolsProtocol):
    """uvicorn's own protocol on a transport that joins what is written in one turn of the event loop.

    Its requests are told of their client, who may hang up.
    """

    def connection_made(self, transport: Any) -> None:
        """Put the joining transport in between."""
        super().connection_made(JoiningTransport(transport, self.loop))  # type: ignore[arg-type]
        self._their_client = Client(self.flow.resume_reading)
        self.app_state = state_with(self._their_client, self.app_state)

    def connection_lost(self, exc: Exception | None) -> None:
        """End what waits for the sake of this client."""
        super().connection_lost(exc)
        self._their_client.leave()


class JoiningTransport:
    """A transport around a transport: what is written in one turn of the event loop goes out together."""

    def __init__(self, inner: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop
        self._parts: list[bytes] = []
        # Asked for at every request.
        self.is_closing = inner.is_closing
        self.pause_reading = inner.pause_reading
        self.resume_reading = inner.resume_reading

    def write(self, data: bytes) -> None:
        """Keep data until the turn ends."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def flush(self) -> None:
        """Write what was kept, unless the other side has gone meanwhile."""
        if self._parts:
            data, self._parts = b"".join(self._parts), []
            if not self.is_closing():
                self._inner.write(data)

    def close(self) -> None:
        """Close when all is written; a client that does not take it in time is left."""
        self.flush()
        self._inner.close()
        if self._inner.get_write_buffer_size():
            self._loop.call_later(LINGER_S, self._inner.abort)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
