"""Listening: a port is taken before anything is served on it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from foreseen.domain.errors import ForeseenError

BACKLOG: Final = 2048


class PortError(ForeseenError):
    """The address and port cannot be listened on."""


def try_port(host: str, port: int) -> None:
    """Check that a port is free, and leave it so: clients that connect before anything is served would have to wait.

    Raises:
        PortError: as `listening` raises it.
    """
    with _errors_worded(host, port):
        _opened(host, port, listens=False).close()


def listening(host: str, port: int) -> socket.socket:
    """Open a listening socket; connections wait in its backlog until they are served.

    Args:
        port: 0 for any that is free.
    Raises:
        PortError: it is taken, or this process may not take it.
    """
    with _errors_worded(host, port):
        return _opened(host, port, listens=True)


@contextmanager
def _errors_worded(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise PortError(
            f"expected to listen on {host} port {port}: {exc.strerror or exc}; see --host and --port"
        ) from exc


def _opened(host: str, port: int, *, listens: bool) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        if listens:
            listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
