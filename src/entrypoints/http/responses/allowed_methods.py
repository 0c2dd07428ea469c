"""Methods: answers HEAD wherever GET is allowed, and OPTIONS everywhere."""

from collections.abc import Awaitable, Sequence
from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_READING: Final = ("GET", "HEAD")

OF_FILES: Final = "GET, HEAD, OPTIONS"
"""The methods of a path of static files."""


_OF_SERVER: Final = "GET, HEAD, OPTIONS, POST"
"""The methods of the service as a whole."""


class Methods:
    """Answers HEAD as GET without the body, and OPTIONS with the methods of its path."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        """Accept the wrapped application, and its routes, to which more may be added later."""
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "http" and scope["method"] == "OPTIONS" and (known := allowed(self._routes, scope)):
            await Response(status_code=204, headers={"Allow": known})(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "HEAD" and self._has_get_alone(scope):
            await self._app({**scope, "method": "GET"}, receive, _without_body(send))
        else:
            await self._app(scope, receive, send)

    def _has_get_alone(self, scope: Scope) -> bool:
        return _takes(self._routes, scope, "GET") and not _takes(self._routes, scope, "HEAD")


def allowed(routes: Sequence[BaseRoute], scope: Scope) -> str:
    """Return the value of `Allow` for a request's path, or for the whole service (*); empty if no route has it."""
    if scope["path"] == "*":
        return _OF_SERVER
    found = {method for method in _METHODS if _takes(routes, scope, method)}
    if "GET" in found:
        found.add("HEAD")
    return ", ".join(sorted(found | {"OPTIONS"})) if found else ""


def _takes(routes: Sequence[BaseRoute], scope: Scope, method: str) -> bool:
    """Return whether a route accepts a method; routes within routers show their methods only by what they match."""
    wanted = {**scope, "method": method}
    return any(
        route.matches(wanted)[0] is Match.FULL and (method in _READING or not isinstance(route, Mount))
        for route in routes
    )


def _without_body(send: Send) -> Send:
    def bare(message: Message) -> Awaitable[None]:
        return send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return bare
