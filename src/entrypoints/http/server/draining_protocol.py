"""DrainingProtocol: closes connections when the service stops, without losing a request that is being sent."""

from typing import Final

from foreseen.entrypoints.http.server.known_heads_protocol import KnownHeadsProtocol

LINGER_S: Final = 0.5
"""Seconds for which an idle connection is kept when the service stops, since a request may be on its way."""


class DrainingProtocol(KnownHeadsProtocol):
    """A protocol that answers requests that arrive while the service stops, and then closes the connection.

    uvicorn closes idle connections at once. A client that was about to reuse one would get a reset instead of an
    answer.
    """

    def shutdown(self) -> None:
        """Close after the current answer, or the answer to the next request, or if none arrives within `LINGER_S`."""
        self.pass_on()
        self.is_stopping = True
        if self.joining.is_closing():  # it was rejected, and what its client still sends is discarded
            self.loop.call_later(LINGER_S, self.close_when_taken)
        elif self._is_idle():
            self.loop.call_later(LINGER_S, self._close_if_idle)
        else:
            super().shutdown()

    def _close_if_idle(self) -> None:
        if self._is_idle():
            self.close_when_taken()

    def _is_idle(self) -> bool:
        cycle = self.cycle  # none before the first request
        return cycle is None or cycle.response_complete
