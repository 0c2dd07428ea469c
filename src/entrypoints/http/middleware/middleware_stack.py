"""The middleware that each request passes before the service."""

from starlette.types import ASGIApp

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.middleware.access_keys import OPEN, is_local
from foreseen.entrypoints.http.middleware.cross_origin import CrossOrigin, allowed_origins
from foreseen.entrypoints.http.middleware.forwarded_client import ForwardedClient
from foreseen.entrypoints.http.middleware.host_check import HostCheck
from foreseen.entrypoints.http.middleware.root_path import BelowPath
from foreseen.settings import Settings


def with_middleware(service: ASGIApp, settings: Settings, tally: Tally) -> ASGIApp:
    """Return a service wrapped in the middleware that the settings require."""
    service = HostCheck(service, tally, settings.allowed_hosts, is_local=is_local(settings.host), probes=OPEN)
    if settings.allowed_origins:
        service = CrossOrigin(service, tally, allowed_origins(settings.allowed_origins))
    if settings.root_path != "/":
        service = BelowPath(service, settings.root_path)
    if settings.trusted_proxies:
        service = ForwardedClient(service, settings.trusted_proxies)
    return service
