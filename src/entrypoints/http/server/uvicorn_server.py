"""How uvicorn serves an application, with our protocols and limits."""

import asyncio
from collections.abc import Callable
from functools import partial
from math import ceil
from typing import TypeVar, cast

import uvicorn

from foreseen.entrypoints.http.server.bounded_protocol import Bounds
from foreseen.entrypoints.http.server.connection_limit import Arrivals, affordable_connections
from foreseen.entrypoints.http.server.draining_protocol import DrainingProtocol
from foreseen.entrypoints.http.server.tls_certificate import server_context
from foreseen.entrypoints.http.server.tls_handshake import TlsConfig, TlsHandshake
from foreseen.settings import Settings

Config = TypeVar("Config", bound=uvicorn.Config)


def draining_s(settings: Settings) -> int:
    """Return the seconds for which a stopping server waits for its connections: longer than for requests."""
    return ceil(settings.stop_timeout) + 2


def server_config(app: object, settings: Settings) -> uvicorn.Config:
    """Return the configuration of a server for an application, or for a `partial` that creates one in each process."""
    arrivals = Arrivals(affordable_connections(settings.max_connections))
    http = partial(DrainingProtocol, bounds=Bounds(settings.receive_timeout), arrivals=arrivals)
    if settings.tls_certificate is None:
        return _config(uvicorn.Config, app, settings, http)
    config = _config(TlsConfig, app, settings, partial(TlsHandshake, behind=http, arrivals=arrivals))
    config.load_tls = partial(server_context, settings)
    return config


def _config(kind: type[Config], app: object, settings: Settings, http: Callable[..., asyncio.Protocol]) -> Config:
    return kind(
        app=cast("Callable[..., object]", app),
        http=cast("type[asyncio.Protocol]", http),  # uvicorn only calls it
        factory=isinstance(app, partial),
        workers=settings.workers,
        interface="asgi3",  # uvicorn would guess wrongly for a callable that is not a coroutine function
        ws="none",
        # ForwardedClient reads these headers, from trusted proxies only.
        proxy_headers=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=cast("int", settings.keep_alive),  # seconds, of which fractions count
        timeout_graceful_shutdown=draining_s(settings),
    )
