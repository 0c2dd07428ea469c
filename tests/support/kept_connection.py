"""A quick client over raw sockets: keeps connections, sends one request or several on each, reads what comes back."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

_JSON: Final = (
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s"
)


def post(body: bytes, headers: bytes = b"") -> bytes:
    """Return the bytes of a POST to /predict; headers each end in CRLF."""
    return _JSON % (headers, len(body), body)


def get(target: str) -> bytes:
    """Return the bytes of a GET."""
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: a status, the head as it stood, and the body."""

    status: int
    head: bytes
    body: bytes


class KeptConnection(asyncio.Protocol):
    """One connection that is kept, and answers in the order of its requests."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: deque[asyncio.Future[Heard]] = deque()
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
        """Fail every request that waits."""
        _fail(self._waiting, f"closed before an answer: {exc!r}")

    @property
    def local_port(self) -> int:
        """Our end's port."""
        assert self.transport is not None
        return int(self.transport.get_extra_info("sockname")[1])

    def ask(self, request: bytes) -> asyncio.Future[Heard]:
        """Send a request; what comes back raises ConnectionError if the connection is closed first."""
        return self.ask_at_once([request])[0]

    def ask_at_once(self, requests: Sequence[bytes]) -> list[asyncio.Future[Heard]]:
        """Send several without waiting for an answer in between."""
        assert self.transport is not None
        asked = [asyncio.get_running_loop().create_future() for _ in requests]
        if self.transport.is_closing():
            _fail(asked, "closed already")
        else:
            self._waiting.extend(asked)
            self.transport.write(b"".join(requests))
        return asked

    def data_received(self, data: bytes) -> None:
        """Hand out the answers that are whole; all of ours have a length."""
        self._received += data
        while self._waiting and (heard := self._next()):
            asked = self._waiting.popleft()
            if not asked.done():
                asked.set_result(heard)

    def _next(self) -> Heard | None:
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return Heard(int(head[9:12]), head, rest[:length])

    def close(self) -> None:
        """Close it."""
        if self.transport is not None:
            self.transport.close()


def _fail(asked: Iterable[asyncio.Future[Heard]], why: str) -> None:
    for each in asked:
        if not each.done():
            each.set_exception(ConnectionError(why))
