"""BoundedSending: a client that does not take what is sent to it is left after a while, with TLS as without."""

from typing import TYPE_CHECKING, Any

from foreseen.entrypoints.http.server.single_write import OneWriteProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class BoundedSending(OneWriteProtocol):
    """A protocol that closes a connection whose client has not taken what was sent to it."""

    def __init__(self, *args: Any, longest_s: float, **kwargs: Any) -> None:
        """Accept what uvicorn passes on, and the seconds in which what is sent has to be taken."""
        super().__init__(*args, **kwargs)
        self._longest_s = longest_s
        self._stuck: asyncio.TimerHandle | None = None
        self._is_taken: Callable[[], bool] = lambda: False  # it is known under TLS only

    def connection_made(self, transport: Any) -> None:
        """Begin; without TLS the transport says when anything is not taken."""
        super().connection_made(transport)
        if self.scheme == "http":
            transport.set_write_buffer_limits(high=0)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        super().connection_lost(exc)
        self._forget_sending()

    def eof_received(self) -> None:
        """Close, and wait no longer than else for a client that takes what is still to be sent."""
        self.joining.close_at_once()

    def pause_writing(self) -> None:
        """Bound the time for the client to read what is sent to it."""
        super().pause_writing()
        self._bound_sending()

    def resume_writing(self) -> None:
        """Resume, since the client reads."""
        super().resume_writing()
        self._forget_sending()

    def watch(self, wire: Any) -> None:
        """Watch the transport under TLS, which takes all that is sent, and pauses no writing before 512 KiB more."""
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
        """Whether something that was sent has not been taken."""
        return self._stuck is not None

    def close_when_taken(self) -> None:
        """Close when what was sent is taken; an idle client reads the end of TLS late, and is not waited for."""
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
