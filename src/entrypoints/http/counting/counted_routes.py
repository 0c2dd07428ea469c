"""The numbers by which routes and statuses are counted.

Clients can send any path, so only those that are served have a number of their own; all others share one.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

OTHER: Final = "other"
UNREAD: Final = "unread"
"""Requests that were rejected before their path was known."""

PREDICT: Final = "/predict"
INVOCATIONS: Final = "/invocations"
V1_MODELS: Final = "/v1/models"
V1_MODEL: Final = "/v1/models/{name}"
V1_PREDICT: Final = "/v1/models/{name}:predict"
V2: Final = "/v2"
V2_LIVE: Final = "/v2/health/live"
V2_READY: Final = "/v2/health/ready"
V2_MODELS: Final = "/v2/models"
V2_STATS: Final = "/v2/models/stats"
V2_MODEL: Final = "/v2/models/{name}"
V2_MODEL_READY: Final = "/v2/models/{name}/ready"
V2_MODEL_CONFIG: Final = "/v2/models/{name}/config"
V2_MODEL_STATS: Final = "/v2/models/{name}/stats"
V2_INFER: Final = "/v2/models/{name}/infer"
V2_INDEX: Final = "/v2/repository/index"
V2_LOAD: Final = "/v2/repository/models/{name}/load"
V2_UNLOAD: Final = "/v2/repository/models/{name}/unload"
V2_VERSION: Final = "/versions/{version}"
"""What follows the name in paths of the Open Inference Protocol that name a version; both count as one route."""
_PREDICTING: Final = frozenset({PREDICT, INVOCATIONS, V1_PREDICT, V2_INFER})
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
    INVOCATIONS,
    "/ping",
    "/health",
    "/version",
    V1_MODELS,
    V1_MODEL,
    V1_PREDICT,
    V2,
    V2_LIVE,
    V2_READY,
    V2_MODELS,
    V2_STATS,
    V2_MODEL,
    V2_MODEL_READY,
    V2_MODEL_CONFIG,
    V2_MODEL_STATS,
    V2_INFER,
    V2_INDEX,
    V2_LOAD,
    V2_UNLOAD,
)
"""In the order of their numbers in the tally; new ones come last."""

STATUSES: Final[Sequence[str]] = (
    OTHER,
    *("200", "202", "204", "206", "304", "400", "401", "403", "404", "405", "408", "411", "413", "414", "415", "416"),
    *("417", "421", "422", "429", "431", "500", "501", "503", "504", "505", "409"),
)
"""In the order of their numbers in the tally; new ones come last."""

_NAMED_MODEL: Final = re.compile(r"/models/[^/]+(?:/versions/[^/]+)?(?=/)")
_ROUTE_NUMBERS: Final[Mapping[str, int]] = {route: number for number, route in enumerate(ROUTES)}
_STATUS_NUMBERS: Final[Mapping[int, int]] = {int(each): number for number, each in enumerate(STATUSES) if each != OTHER}


def route_number(path: str) -> int:
    """Return the number of a route by its path within the application; 0 for an unknown path."""
    if path.startswith(f"{_ASSETS}/"):
        path = _ASSETS
    elif path.startswith(f"{V1_MODELS}/"):
        path = _of_v1_model(path.removeprefix(f"{V1_MODELS}/"))
    elif path.startswith(f"{V2}/"):
        path = _of_v2(path.removeprefix(f"{V2}/").split("/"))
    return _ROUTE_NUMBERS.get(path, 0)


def is_predicting(path: str) -> bool:
    """Return whether requests to a path are for predictions, in whichever protocol."""
    return ROUTES[route_number(path_of_model(path))] in _PREDICTING


def path_of_model(path: str) -> str:
    """Return a path without the model and version that it begins with: /invocations of /models/a/invocations."""
    return _NAMED_MODEL.sub("", path) if path.startswith("/models/") else path


def _of_v1_model(rest: str) -> str:
    """Return the route of a path by what follows /v1/models/, whatever the name in it."""
    name, _, verb = rest.partition(":")
    if not name or "/" in rest or verb not in ("", "predict"):
        return OTHER
    return V1_PREDICT if verb else V1_MODEL


def _of_v2(parts: Sequence[str]) -> str:
    """Return the route of a path by what follows /v2/, whatever the name and the version in it."""
    if parts == [""]:
        return V2
    if parts[0] == "models" and len(parts) > 1 and parts[1:] != ["stats"]:
        rest = parts[4:] if len(parts) > 3 and parts[2] == "versions" and parts[3] else parts[2:]
        parts = ["models", "{name}", *rest] if parts[1] else [OTHER]
    elif parts[:2] == ["repository", "models"] and len(parts) > 2:
        parts = ["repository", "models", "{name}", *parts[3:]] if parts[2] else [OTHER]
    return "/".join([V2, *parts])


def status_number(status: int) -> int:
    """Return the number of an HTTP status; 0 for one that is not listed."""
    return _STATUS_NUMBERS.get(status, 0)
