"""DrainingProtocol: connections that end without a request on its way being lost."""

from typing import Any, Final

from foreseen.entrypoints.http.server.bounded_protocol import BoundedProtocol

LINGER_S: Final = 0.5
"""Seconds for which a connection without a request is kept when the service stops: one may be on its way."""


class DrainingProtocol(BoundedProtocol):
    """A protocol that answers what still comes when the service stops, telling the client not to go on.

    uvicorn closes a connection that has nothing under way at once; a client that was just about to ask on it again
    would get a reset in place of an answer.
    """

    def shutdown(self) -> None:
        """Close after the answer that is under way, or to the next request, or when none has come."""
        self.is_stopping = True
        if self.joining.is_closing():  # rejected, and what its client still sends is thrown away
            self.loop.call_later(LINGER_S, self.close_when_taken)
        elif self._is_idle():
            self.loop.call_later(LINGER_S, self._close_if_idle)
        else:
            super().shutdown()

    def _close_if_idle(self) -> None:
        if self._is_idle():
            self.close_when_taken()

    def _is_idle(self) -> bool:
        cycle: Any = self.cycle  # none before the first request
        return cycle is None or cycle.response_complete
