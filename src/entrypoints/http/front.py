"""Front: what every request and signal comes to first."""

from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.container import Container, abandon_model, give_up
from foreseen.entrypoints.http.stopping import stop_in_time

_TOO_LATE = "the service stops, and the model has not answered in time (stop_timeout)"


class Front:
    """Hands on to the service around one model, and stops it in time."""

    def __init__(self, container: Container, service: ASGIApp) -> None:
        """Take a service, and the container that it was built from."""
        self._container = container
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live from the start to the end."""
        if scope["type"] == "lifespan":
            stop_in_time(
                self._container.settings().stop_timeout,
                give_up=lambda: give_up(self._container, _TOO_LATE),
                end_at_once=lambda: abandon_model(self._container),
            )
        await self._service(scope, receive, send)
