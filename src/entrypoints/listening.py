"""Listening: a port that is ours before anything is served on it."""

import socket
from typing import Final

from foreseen.domain.errors import ForeseenError

BACKLOG: Final = 2048


class PortError(ForeseenError):
    """The address and port cannot be listened on."""


def listening(host: str, port: int) -> socket.socket:
    """Open a listening socket; connections wait in its backlog until they are served.

    Args:
        port: 0 for any that is free.
    Raises:
        PortError: it is taken, or not ours to take.
    """
    try:
        return _bound(host, port)
    except OSError as exc:
        raise PortError(
            f"expected to listen on {host} port {port}: {exc.strerror or exc}; see --host and --port"
        ) from exc


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
