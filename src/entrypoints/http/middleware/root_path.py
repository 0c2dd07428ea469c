"""BelowPath: a service that its proxy has put below a path."""

from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_ROOT: Final = "app_root_path"
"""Where Starlette looks for the path below which an application is, for the URLs that it makes.

Not `root_path`: by that, its router would take the path off once more than those who decide who may do what.
"""


class BelowPath:
    """Has the service see its own paths, whether the proxy takes the path above them off or not."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        """Pass requests on to an application below a path, which does not end in a slash."""
        self._app = app
        self._root = root
        self._inside = root + "/"

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(self._inside):
                scope["path"] = path[len(self._root) :]
            elif path == self._root:
                scope["path"] = "/"
            scope[_ROOT] = self._root
        return self._app(scope, receive, send)
