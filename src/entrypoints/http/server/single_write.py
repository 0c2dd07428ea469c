"""One write a reply: uvicorn writes head and body apart, and each write is a system call of several microseconds."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foreseen.entrypoints.http.requests.client_disconnect import Client, state_with

LINGER_S: Final = 30.0
"""Seconds for a client to take the last that was written, once we have closed."""


class OneWriteProtocol(HttpToolsProtocol):
    """uvicorn's own protocol on a transport that joins what is written in one turn of the event loop.

    Its requests get their client, which may disconnect.
    """

    def connection_made(self, transport: Any) -> None:
        """Put the joining transport in between."""
        self.joining = JoiningTransport(transport, self.loop, self._linger)
        super().connection_made(self.joining)  # type: ignore[arg-type]
        self._their_client = Client(self.flow.resume_reading)
        self.app_state = state_with(self._their_client, self.app_state)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the waits of this client's requests."""
        super().connection_lost(exc)
        self._their_client.leave()

    def _linger(self) -> bool:
        """Return whether the connection is left open for now, for the client to read its answer."""
        return False


class JoiningTransport:
    """A transport around a transport: what is written in one turn of the event loop goes out together."""

    def __init__(self, inner: Any, loop: asyncio.AbstractEventLoop, linger: Callable[[], bool] = lambda: False) -> None:
        """Write to a transport.

        Args:
            linger: called before closing; returns whether the connection will be closed elsewhere, later.
        """
        self.inner = inner
        self._loop = loop
        self._linger = linger
        self._parts: list[bytes] = []
        self.send: Callable[[bytes], None] = inner.write
        # Bound once, since every request uses them.
        self.is_closing = inner.is_closing
        self.pause_reading = inner.pause_reading
        self.resume_reading = inner.resume_reading

    def write(self, data: bytes) -> None:
        """Keep data until the turn ends."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def flush(self) -> None:
        """Write the data kept, unless the other side has disconnected meanwhile."""
        if self._parts:
            data, self._parts = b"".join(self._parts), []
            if not self.is_closing():
                self.send(data)

    def close(self) -> None:
        """Close when all is written, and when the client may be expected to have read it."""
        self.flush()
        if self.is_closing():
            return
        if self._linger():
            self.is_closing = _yes  # for all who write here
        else:
            self.close_at_once()

    def close_at_once(self) -> None:
        """Close when all is written; a client that does not take it in time is left."""
        self.flush()
        if self.inner.is_closing():  # to close TLS twice is an error for some event loops
            return
        self.inner.close()
        if self.inner.get_write_buffer_size():
            self._loop.call_later(LINGER_S, self.inner.abort)

    def leave(self) -> None:
        """Close at once: TLS would wait for the client's close_notify, and the connection would stay open meanwhile."""
        self.close_at_once()
        self._loop.call_soon(self.inner.abort)  # by when what TLS says in the end is on its way

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _yes() -> bool:
    return True
