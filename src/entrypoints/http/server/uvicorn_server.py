"""Connections: how uvicorn serves an application, with our protocols and bounds."""

from functools import partial
from math import ceil
from typing import Any

import uvicorn

from foreseen.entrypoints.http.server.bounded_protocol import Bounds
from foreseen.entrypoints.http.server.connection_limit import Arrivals, affordable_connections
from foreseen.entrypoints.http.server.draining_protocol import DrainingProtocol
from foreseen.entrypoints.http.server.tls_certificate import server_context
from foreseen.entrypoints.http.server.tls_handshake import TlsConfig, TlsHandshake
from foreseen.settings import Settings


def draining_s(settings: Settings) -> int:
    """Return the seconds after which a server that stops waits for no connection: requests are given up before."""
    return ceil(settings.stop_timeout) + 2


def server_config(app: object, settings: Settings) -> uvicorn.Config:
    """Return the configuration of a server for an application, or for what makes one in each process."""
    arrivals = Arrivals(affordable_connections(settings.max_connections))
    http: Any = partial(DrainingProtocol, bounds=Bounds(settings.receive_timeout), arrivals=arrivals)
    given: dict[str, Any] = {
        "app": app,
        "factory": isinstance(app, partial),
        "workers": settings.workers,
        "interface": "asgi3",  # uvicorn guesses, and does not recognise a callable that is no coroutine itself
        "ws": "none",
        # Nothing here depends on who asks, so no header that says it is believed.
        "proxy_headers": False,
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_keep_alive": settings.keep_alive,
        "timeout_graceful_shutdown": draining_s(settings),
    }
    if settings.tls_certificate is None:
        return uvicorn.Config(http=http, **given)
    http = partial(TlsHandshake, behind=http, arrivals=arrivals)
    return TlsConfig(http=http, tls=partial(server_context, settings), **given)
