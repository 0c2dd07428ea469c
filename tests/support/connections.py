"""A quick client over raw sockets: keeps connections, sends one request at a time on each, reads what comes back."""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_JSON: Final = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"


def post(body: bytes, headers: bytes = b"") -> bytes:
    """Give the bytes of a POST to /predict; headers each end in CRLF."""
    return _JSON % (headers, len(body), body)


def get(target: str) -> bytes:
    """Give the bytes of a GET."""
    return f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: a status, the head as it stood, and the body."""

    status: int
    head: bytes
    body: bytes


class KeptConnection(asyncio.Protocol):
    """One connection that is kept, and asked one thing at a time."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: asyncio.Future[Heard] | None = None
        self.transport: asyncio.Transport | None = None

    @classmethod
    async def to(cls, url: str) -> "KeptConnection":
        """Connect; raise OSError if that is refused."""
        place = urlsplit(url)
        _, connection = await asyncio.get_running_loop().create_connection(
            cls, place.hostname or "127.0.0.1", place.port or 80
        )
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError(f"closed before an answer: {exc!r}"))

    @property
    def local_port(self) -> int:
        """Our end's port."""
        assert self.transport is not None
        return int(self.transport.get_extra_info("sockname")[1])

    def ask(self, request: bytes) -> asyncio.Future[Heard]:
        """Send a request; what comes back raises ConnectionError if the connection is closed first."""
        assert self.transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        if self.transport.is_closing():
            self._waiting.set_exception(ConnectionError("closed already"))
        else:
            self.transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        """Read until the answer is whole; all of ours tell their length."""
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found or self._waiting is None:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(rest) >= length:
            self._received = rest[length:]
            if not self._waiting.done():
                self._waiting.set_result(Heard(int(head[9:12]), head, rest[:length]))

    def close(self) -> None:
        """Close it."""
        if self.transport is not None:
            self.transport.close()
