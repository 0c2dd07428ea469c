"""Checks before connecting to Ray: that it is installed, and that a server answers at the address."""

import importlib.util
import socket
from typing import Final

from foreseen.entrypoints.ray.cluster_errors import ClusterError
from foreseen.settings import SettingsError

_ANSWER_S: Final = 10.0


def require_ray() -> None:
    """Raise SettingsError if Ray is not installed."""
    # Found but not imported, which takes a second: only the driver needs it.
    if importlib.util.find_spec("ray") is None:
        raise SettingsError("--engine ray: expected Ray, which is not installed: pip install foreseen[ray]")


def check_address(address: str | None) -> None:
    """Raise an error if no server listens at the address: Ray itself would try to connect for minutes.

    Args:
        address: HOST:PORT; None and "auto" are not checked.
    Raises:
        SettingsError: it is not an address.
        ClusterError: no server answers there.
    """
    if address is None or address == "auto":
        return
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or "/" in host:
        raise SettingsError(f"--ray-address: expected HOST:PORT or auto, got {address!r}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S).close()
    except (OSError, OverflowError) as exc:
        said = "expected a Ray cluster, got no answer"
        raise ClusterError(f"--ray-address {address}: {said}: {getattr(exc, 'strerror', None) or exc}") from exc
