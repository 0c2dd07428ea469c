"""One request on a connection of its own, whose client may hang up at any time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class RawReply:
    """What came back; headers by name in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Asking:
    """A request that is under way."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def post(cls, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> "Asking":
        """Connect and send a request to /predict, whole; more headers take the place of the usual ones."""
        place = urlsplit(url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port, limit=2**20)
        sent = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body))} | dict(
            headers or {}
        )
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        writer.write(b"POST /predict HTTP/1.1\r\n" + head.encode() + b"\r\n" + body)
        await writer.drain()
        return cls(reader, writer)

    async def reply(self) -> RawReply:
        """Wait for the answer, and hang up."""
        try:
            status_line, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await self._reader.readexactly(int(headers["content-length"]))
        finally:
            self._writer.close()
        return RawReply(int(status_line.split()[1]), headers, body)

    async def hang_up(self, *, rudely: bool = False) -> None:
        """Close the connection; rudely: by a reset."""
        if rudely:
            self._writer.transport.abort()
        else:
            self._writer.close()
            await self._writer.wait_closed()
