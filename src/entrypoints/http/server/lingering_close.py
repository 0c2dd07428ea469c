"""Lingering: reads and discards what a client still sends, within limits, before its connection is closed.

Closing a connection with unread bytes resets it. A client in the middle of its body would then see a broken pipe
instead of the response that rejects its request.
"""

import asyncio
from typing import Final

QUIET_S: Final = 5.0
"""Seconds without a byte after which a client is assumed to have read the answer."""

MAX_DISCARDED: Final = 256 * 2**20
"""Most bytes to read and discard for one connection."""


class Lingering(asyncio.Protocol):
    """Takes over a connection after its last answer: reads until the client closes it or a limit is reached."""

    def __init__(
        self, transport: asyncio.Transport, before: asyncio.Protocol, loop: asyncio.AbstractEventLoop, *, most_s: float
    ) -> None:
        """Become the protocol of a transport.

        Args:
            before: the previous protocol, which is still notified of the end of the connection.
            most_s: seconds that the client may continue to send.
        """
        self._transport = transport
        self._before = before
        self._loop = loop
        self._discarded = 0
        self._discarded_before = -1
        transport.set_protocol(self)
        transport.resume_reading()
        if transport.can_write_eof():  # TLS cannot, but the length of the answer shows that it is complete
            transport.write_eof()
        self._quiet = loop.call_later(QUIET_S, self._close_if_quiet)
        self._end = loop.call_later(most_s, self._close)

    def data_received(self, data: bytes) -> None:
        """Discard the data."""
        self._discarded += len(data)
        if self._discarded > MAX_DISCARDED:
            self._close()

    def pause_writing(self) -> None:
        """Let the previous protocol limit the time for the client to read the answer."""
        self._before.pause_writing()

    def resume_writing(self) -> None:
        """Notify the previous protocol that the client reads the answer."""
        self._before.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers, and notify the previous protocol."""
        self._quiet.cancel()
        self._end.cancel()
        self._before.connection_lost(exc)

    def _close_if_quiet(self) -> None:
        if self._discarded == self._discarded_before or self._discarded == 0:
            self._close()
        else:
            self._discarded_before = self._discarded
            self._quiet = self._loop.call_later(QUIET_S, self._close_if_quiet)

    def _close(self) -> None:
        if self._transport.is_closing() or self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()
