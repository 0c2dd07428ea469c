"""One write per reply: uvicorn writes head and body separately, and each write is a system call of microseconds."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Required, TypedDict, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foreseen.entrypoints.http.requests.request_wait import Client, state_with

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import Scope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
    from uvicorn.server import ServerState

LINGER_S: Final = 30.0
"""Seconds for a client to read the rest of what was written, after the connection was closed on our side."""


class OfUvicorn(TypedDict, total=False):
    """The arguments that uvicorn passes to the protocol of each connection."""

    config: Required["uvicorn.Config"]
    server_state: Required["ServerState"]
    app_state: Required[dict[str, object]]
    _loop: asyncio.AbstractEventLoop | None


class OneWriteProtocol(HttpToolsProtocol):
    """uvicorn's protocol on a transport that joins what is written in one turn of the event loop.

    It also adds the client, which may disconnect, to the state of each request.
    """

    scope: "Scope"  # type: ignore[assignment] # uvicorn's type allows no keys of ours
    # None before the first request, which uvicorn does not declare.
    cycle: "RequestResponseCycle | None"  # type: ignore[assignment]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, on a transport that joins writes."""
        # The cast is safe, since asyncio's transports for streams are all of this type.
        self.joining = JoiningTransport(cast("asyncio.Transport", transport), self.loop, self._linger)
        super().connection_made(self.joining)  # type: ignore[arg-type]
        self._their_client = Client(self.flow.resume_reading)
        self.app_state = state_with(self._their_client, self.app_state)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the wait of the request in progress."""
        super().connection_lost(exc)
        self._their_client.leave()

    def _linger(self) -> bool:
        """Return whether the connection stays open for now, so that its client can read the answer."""
        return False


class JoiningTransport:
    """A transport that wraps another one, and joins what is written in one turn of the event loop."""

    def __init__(
        self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop, linger: Callable[[], bool] = lambda: False
    ) -> None:
        """Accept the wrapped transport.

        Args:
            linger: called before closing; returns whether the connection will be closed later, by other code.
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
        """Keep data until the turn of the event loop ends."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def write_at_once(self, data: bytes) -> None:
        """Write data now, or after the data kept if there is some."""
        if self._parts:
            self._parts.append(data)
        else:
            self.send(data)

    @property
    def kept(self) -> bytes:
        """The data of this turn that is not yet written."""
        return b"".join(self._parts)

    def flush(self) -> None:
        """Write the data kept, unless the other side has disconnected meanwhile."""
        if self._parts:
            data, self._parts = b"".join(self._parts), []
            if not self.is_closing():
                self.send(data)

    def close(self) -> None:
        """Close when all data is written; `linger` may keep the connection open for its client to read it."""
        self.flush()
        if self.is_closing():
            return
        if self._linger():
            self.is_closing = _yes  # so that nothing more is written
        else:
            self.close_at_once()

    def close_at_once(self) -> None:
        """Close when all data is written; abort after `LINGER_S` if the client does not read it."""
        self.flush()
        if self.inner.is_closing():  # some event loops raise if TLS is closed twice
            return
        self.inner.close()
        if self.inner.get_write_buffer_size():
            self._loop.call_later(LINGER_S, self.inner.abort)

    def leave(self) -> None:
        """Close at once, without waiting for the client's close_notify under TLS."""
        self.close_at_once()
        self._loop.call_soon(self.inner.abort)  # in the next turn, when our close_notify has been sent

    def __getattr__(self, name: str) -> Callable[..., object]:
        method: Callable[..., object] = getattr(self.inner, name)
        return method


def _yes() -> bool:
    return True
