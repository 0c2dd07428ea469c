"""BelowPath: a service that a proxy provides below a path, such as /models/iris."""

from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_ROOT: Final = "app_root_path"
"""The key in a scope under which Starlette finds the path of an application, to make URLs.

Not `root_path`: Starlette's router would strip that from paths, and the access control would not.
"""


class BelowPath:
    """Strips the proxy's path from requests, unless the proxy has done so."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        """Accept the wrapped application, and the path below which it is, without a slash at its end."""
        self._app = app
        self._root = root
        self._inside = root + "/"

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on, with its path within the service."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(self._inside):
                scope["path"] = path[len(self._root) :]
            elif path == self._root:
                scope["path"] = "/"
            scope[_ROOT] = self._root
        return self._app(scope, receive, send)
