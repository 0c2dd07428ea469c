"""TlsHandshake: TLS connections are counted when they are accepted, and limited until their handshake is done.

asyncio calls `connection_made` of a TLS server's protocol only after the handshake, so connections that never finish it
would not be counted, and would stay open for a minute. Here they are accepted as plain ones, and TLS begins with their
first byte: a silent one costs only its file descriptor.
"""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import uvicorn
from uvicorn.server import ServerState

from foreseen.entrypoints.http.responses.connection_rejections import TOO_MANY_CONNECTIONS
from foreseen.entrypoints.http.responses.problems import count_unread
from foreseen.entrypoints.http.server.connection_limit import Arrivals
from foreseen.entrypoints.http.server.single_write import LINGER_S

if TYPE_CHECKING:
    from foreseen.domain.counters import Tally
    from foreseen.entrypoints.http.server.rejecting_protocol import RejectingProtocol

HANDSHAKE_S: Final = 5.0
"""Most seconds from accepting a connection to the end of its handshake."""


class TlsConfig(uvicorn.Config):
    """A configuration that each process loads with the certificate, for TlsHandshake.

    Attributes:
        load_tls: returns the TLS context; to be set before `load` is called.
    """

    load_tls: Callable[[], ssl.SSLContext]

    def load(self) -> None:
        """Load the configuration and the certificate; raise SettingsError if the latter is invalid."""
        super().load()
        self.tls = self.load_tls()


class TlsHandshake(asyncio.Protocol):
    """A TLS connection until its handshake is done, when another protocol takes over."""

    _transport: asyncio.Transport

    def __init__(
        self,
        *,
        config: TlsConfig,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
        behind: "Callable[..., RejectingProtocol]",
        arrivals: Arrivals,
    ) -> None:
        """Accept uvicorn's arguments, what returns the HTTP protocol, and the connections of this process."""
        self._loop = _loop or asyncio.get_running_loop()
        self._context = config.tls
        self._connections = cast("set[object]", server_state.connections)  # declared for uvicorn's own protocols only
        self._tasks = server_state.tasks
        self._app_state = app_state
        self._behind = partial(behind, config=config, server_state=server_state, app_state=app_state, _loop=self._loop)
        self._arrivals = arrivals
        self._due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first byte, or close if there are too many connections."""
        self._transport = cast("asyncio.Transport", transport)  # as every transport of a stream is
        self._connections.add(self)
        if self._arrivals.admit(self, len(self._connections)):
            self._due = self._loop.call_later(HANDSHAKE_S, self._transport.abort)
        else:
            self.give_way()

    def data_received(self, data: bytes) -> None:
        """Start the handshake with the first data."""
        self._transport.pause_reading()
        task = self._loop.create_task(self._shake_hands(data))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason changes nothing
        """Free the place of a connection that has ended before its handshake."""
        self._end()

    def has_sent_a_head(self) -> bool:
        """Return False: no request can arrive before the handshake is done."""
        return False

    def idle_s(self) -> float | None:
        """Return None: a connection in its handshake is not idle."""
        return None

    def give_way(self) -> None:
        """Close and count the rejection, without an answer: none can be sent before the handshake is done."""
        count_unread(TOO_MANY_CONNECTIONS, cast("Tally | None", self._app_state.get("tally")))
        self.shutdown()

    def shutdown(self) -> None:
        """Abort the connection; called when the server stops."""
        self._end()
        self._transport.abort()

    async def _shake_hands(self, first: bytes) -> None:
        early = _Early()
        try:
            tls = await self._tls(first, early)
        except OSError:  # ssl.SSLError too: not TLS, another version, or too late
            tls = None
        finally:
            self._end()
        # Some event loops raise no error for a connection that is lost during its handshake.
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
            # One turn of the event loop for start_tls to begin, and one for its protocol.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            if not starting.done():
                # By now, this is the protocol of start_tls.
                _pass_on(first, cast("asyncio.BufferedProtocol", self._transport.get_protocol()))
            return await starting
        finally:
            starting.cancel()  # after an error; it does nothing if the task is done

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
    """Keeps data that arrives together with the end of the handshake."""

    def __init__(self) -> None:
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data


def _pass_on(data: bytes, protocol: asyncio.BufferedProtocol) -> None:
    """Pass data to a protocol that was received before there was one."""
    while data:
        buffer = memoryview(protocol.get_buffer(len(data)))
        length = min(len(buffer), len(data))
        buffer[:length] = data[:length]
        protocol.buffer_updated(length)
        data = data[length:]
