"""BoundedSending: closes a connection whose client does not read what is sent, with and without TLS."""

from typing import TYPE_CHECKING

from typing_extensions import Unpack

from foreseen.entrypoints.http.server.single_write import OfUvicorn, OneWriteProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class BoundedSending(OneWriteProtocol):
    """A protocol that closes a connection whose client does not read what is sent to it."""

    def __init__(self, *, longest_s: float, **given: Unpack[OfUvicorn]) -> None:
        """Accept uvicorn's arguments, and the seconds that a client has to read what is sent."""
        super().__init__(**given)
        self._longest_s = longest_s
        self._stuck: asyncio.TimerHandle | None = None
        self._is_taken: Callable[[], bool] = lambda: False  # known under TLS only

    def connection_made(self, transport: "asyncio.BaseTransport") -> None:
        """Begin; without TLS, make the transport call `pause_writing` as soon as a client does not read."""
        super().connection_made(transport)
        if self.scheme == "http":
            self.joining.inner.set_write_buffer_limits(high=0)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timer of sending."""
        super().connection_lost(exc)
        self._forget_sending()

    def eof_received(self) -> None:
        """Close, with the usual limit for the client to read the rest."""
        self.joining.close_at_once()

    def pause_writing(self) -> None:
        """Start the timer, since the client does not read."""
        super().pause_writing()
        self._bound_sending()

    def resume_writing(self) -> None:
        """Cancel the timer, since the client reads."""
        super().resume_writing()
        self._forget_sending()

    def watch(self, wire: "asyncio.Transport") -> None:
        """Watch the transport below TLS, since that of TLS pauses writing only after 512 KiB more."""
        written = self.joining.send

        def send(data: bytes) -> None:
            if not wire.get_write_buffer_size():
                self._forget_sending()
            written(data)
            if wire.get_write_buffer_size():
                self._bound_sending()

        def is_taken() -> bool:
            return not wire.get_write_buffer_size()

        self.joining.send = send
        self._is_taken = is_taken

    @property
    def is_stuck(self) -> bool:
        """Whether the client has not read something that was sent."""
        return self._stuck is not None

    def close_when_taken(self) -> None:
        """Close when everything sent has been read, without waiting for the end of TLS, which an idle client reads
        late."""
        self.joining.flush()
        if self._is_taken() and not self.joining.inner.get_write_buffer_size():
            self.joining.leave()
        else:
            self.joining.close_at_once()

    def _bound_sending(self) -> None:
        if self._stuck is None:
            self._stuck = self.loop.call_later(self._longest_s, self._give_up_sending)

    def _forget_sending(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _give_up_sending(self) -> None:
        self._stuck = None
        if not self._is_taken():
            self.transport.abort()
