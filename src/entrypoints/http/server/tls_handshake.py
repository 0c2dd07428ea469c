"""TlsHandshake: TLS connections are counted when they are accepted, and timed until they speak TLS.

A server that is opened with a certificate makes its protocols known only when the handshake is done: connections that
never finish it would be neither counted nor closed for a minute. Here they are accepted as plain ones, and begin with
TLS at their first byte: a silent one costs no more than its file.
"""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from foreseen.entrypoints.http.responses.connection_rejections import TOO_MANY_CONNECTIONS
from foreseen.entrypoints.http.responses.problems import count_unread
from foreseen.entrypoints.http.server.connection_limit import Arrivals
from foreseen.entrypoints.http.server.single_write import LINGER_S

HANDSHAKE_S: Final = 5.0
"""Seconds from the accepted connection to the end of its handshake."""


class TlsConfig(uvicorn.Config):
    """A configuration whose certificate is loaded with the rest, in each process, and used by TlsHandshake."""

    def __init__(self, *args: Any, tls: Callable[[], ssl.SSLContext], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_tls = tls

    def load(self) -> None:
        """Load the certificate too."""
        super().load()
        self.tls = self._load_tls()


class TlsHandshake(asyncio.Protocol):
    """The first seconds of a TLS connection; the protocol behind begins when the handshake is done."""

    def __init__(
        self,
        *,
        config: TlsConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        behind: Callable[..., Any],
        arrivals: Arrivals,
    ) -> None:
        """Accept what uvicorn passes on, and the protocol that speaks HTTP."""
        self._loop = _loop or asyncio.get_running_loop()
        self._context = config.tls
        self._connections: set[Any] = server_state.connections
        self._tasks = server_state.tasks
        self._app_state = app_state
        self._behind = partial(behind, config=config, server_state=server_state, app_state=app_state, _loop=self._loop)
        self._arrivals = arrivals
        self._transport: Any = None
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first byte, unless there is one connection too many."""
        self._transport = transport
        self._connections.add(self)
        if self._arrivals.admit(self, len(self._connections)):
            self._due = self._loop.call_later(HANDSHAKE_S, transport.abort)
        else:
            self.give_way()

    def data_received(self, data: bytes) -> None:
        """Begin with TLS."""
        self._transport.pause_reading()
        task = self._loop.create_task(self._shake_hands(data))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason changes nothing
        """Forget a connection that never began."""
        self._end()

    def has_sent_a_head(self) -> bool:
        """Return that nothing has come yet."""
        return False

    def idle_s(self) -> float | None:
        """Return that there is something to do."""
        return None

    def give_way(self) -> None:
        """Close: without a handshake there is no way to say why."""
        count_unread(TOO_MANY_CONNECTIONS, self._app_state.get("tally"))
        self.shutdown()

    def shutdown(self) -> None:
        """Close at once."""
        self._end()
        self._transport.abort()

    async def _shake_hands(self, first: bytes) -> None:
        early = _Early()
        try:
            tls = await self._tls(first, early)
        except OSError:  # of the TLS library too: no TLS, another version, or too late
            tls = None
        finally:
            self._end()
        # For some event loops a connection that is lost during its handshake is no error.
        if tls is not None and not tls.is_closing():
            self._go_on(tls, early.received)

    async def _tls(self, first: bytes, early: "_Early") -> asyncio.Transport | None:
        if self._transport.is_closing():
            return None
        starting = self._loop.create_task(
            self._loop.start_tls(
                self._transport,
                early,
                self._context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_S,
                ssl_shutdown_timeout=LINGER_S,
            )
        )
        try:
            # Callbacks are called in order: start_tls begins before the first is over, and TLS before the second.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if not starting.done():
                _pass_on(first, self._transport.get_protocol())
            return await starting
        finally:
            starting.cancel()  # for when anything of this has failed; it does nothing to one that is done

    def _go_on(self, tls: asyncio.Transport, early: bytes) -> None:
        behind = self._behind()
        self._arrivals.replace(self, behind)
        tls.set_protocol(behind)
        behind.connection_made(tls)
        behind.watch(self._transport)
        if early:
            behind.data_received(early)

    def _end(self) -> None:
        self._connections.discard(self)
        self._arrivals.forget(self)
        if self._due is not None:
            self._due.cancel()


class _Early(asyncio.Protocol):
    """Keeps what comes with the end of a handshake, before it is known to have ended."""

    def __init__(self) -> None:
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data


def _pass_on(data: bytes, protocol: asyncio.BufferedProtocol) -> None:
    """Pass to a protocol what had come before it was there."""
    while data:
        buffer = memoryview(protocol.get_buffer(len(data)))
        length = min(len(buffer), len(data))
        buffer[:length] = data[:length]
        protocol.buffer_updated(length)
        data = data[length:]
