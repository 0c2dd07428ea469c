"""Routes and statuses as they are counted: a number for each, and one for all that are none of these.

Paths come from clients, so that only those that are served have a number of their own.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.types import Scope

OTHER: Final = "other"
UNREAD: Final = "unread"
"""What was rejected before its path was known."""

PREDICT: Final = "/predict"
_ASSETS: Final = "/docs/assets"

ROUTES: Final[Sequence[str]] = (
    OTHER,
    UNREAD,
    PREDICT,
    "/",
    "/model",
    "/livez",
    "/readyz",
    "/metrics",
    "/docs",
    _ASSETS,
    "/redoc",
    "/openapi.json",
    "/favicon.ico",
    "/favicon.svg",
    "/admin/reload",
    "/admin/purge",
)
"""In the order that the tally numbers them; new ones come last."""

STATUSES: Final[Sequence[str]] = (
    OTHER,
    *("200", "202", "204", "206", "304", "400", "401", "403", "404", "405", "408", "411", "413", "414", "415", "416"),
    *("417", "421", "422", "429", "431", "500", "501", "503", "504", "505"),
)
"""In the order that the tally numbers them; new ones come last."""

_ROUTE_NUMBERS: Final[Mapping[str, int]] = {route: number for number, route in enumerate(ROUTES)}
_STATUS_NUMBERS: Final[Mapping[int, int]] = {int(each): number for number, each in enumerate(STATUSES) if each != OTHER}


def route_number(scope: Scope) -> int:
    """Return the number of a request's route."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    if path.startswith(f"{_ASSETS}/"):
        path = _ASSETS
    return _ROUTE_NUMBERS.get(path, 0)


def status_number(status: int) -> int:
    """Return the number of a status."""
    return _STATUS_NUMBERS.get(status, 0)
