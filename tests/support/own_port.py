"""Ports of a test's own: the kernel gives them to no other, and nothing listens there before the test does."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_port() -> Iterator[int]:
    """Keep a port until the block ends: who connects is refused, until a server of the test listens.

    A port that is only known to have been free may be another's by the time it is used. Linux lets a server that sets
    SO_REUSEADDR listen beside a socket that sets it too and does not listen.
    """
    with socket.socket() as keeps:
        keeps.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeps.bind(("127.0.0.1", 0))
        yield keeps.getsockname()[1]
