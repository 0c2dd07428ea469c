"""A client that sends any bytes, and reads what comes back."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from support.time_limits import PATIENCE_S

LINE = re.compile(rb"HTTP/1\.1 (\d{3}) ")


class Wire:
    """One connection, and what came over it so far."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.came = b""

    def send(self, data: bytes) -> bool:
        """Send; False where the other side has closed."""
        try:
            self._connection.sendall(data)
        except ConnectionError:
            return False
        return True

    def trickle(self, data: bytes, *, every_s: float, seconds: float = PATIENCE_S) -> bool:
        """Send byte by byte, over and over, until the deadline or the other side closes; return whether it did."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for place in range(len(data)):
                if not self.send(data[place : place + 1]) or self.is_closed(within_s=every_s):
                    return True
        return False

    def read(self, *, until: bytes, within_s: float = PATIENCE_S) -> bytes:
        """Read what comes until something has come, or the other side closes; fail if neither happens in time."""
        ends = time.monotonic() + within_s
        while until not in self.came:
            if self.is_closed(within_s=ends - time.monotonic()):
                break
            assert time.monotonic() < ends, f"waited in vain; came {self.came[-500:]!r}"
        return self.came

    def read_to_end(self, *, within_s: float = PATIENCE_S) -> bytes:
        """Read all there is until the other side closes; fail if it does not in time."""
        ends = time.monotonic() + within_s
        while not self.is_closed(within_s=ends - time.monotonic()):
            assert time.monotonic() < ends, f"still open; came {self.came[-500:]!r}"
        return self.came

    def is_closed(self, *, within_s: float) -> bool:
        """Read what comes next; return whether that was the end."""
        self._connection.settimeout(max(0.001, within_s))
        try:
            data = self._connection.recv(65536)
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        self.came += data
        return not data

    @property
    def port(self) -> int:
        """Our own."""
        return int(self._connection.getsockname()[1])

    @property
    def statuses(self) -> list[int]:
        """Of the answers that came."""
        return [int(status) for status in LINE.findall(self.came)]

    def problem(self) -> Any:
        """Read the last answer's document."""
        return json.loads(self.came.rpartition(b"\r\n\r\n")[2])


@contextmanager
def wire_to(url: str, *, receive_buffer: int | None = None) -> Iterator[Wire]:
    """Yield a connection to a service."""
    place = urlsplit(url)
    with socket.socket() as connection:
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(PATIENCE_S)
        connection.connect((place.hostname, place.port))
        yield Wire(connection)
