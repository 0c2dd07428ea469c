"""A web server of files, which serves each of them as well or as badly as the first part of its path says."""

import gzip
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final

SECRET: Final = "sig=secret"


@contextmanager
def file_server(files: Mapping[str, bytes]) -> Iterator[str]:
    """Serve files until the block ends; yield the URL, behind which come a way of serving and a name.

    Ways: `ranges` sends parts of a file, `whole` none, `chunked` does not say how large it is, `zipped` compresses it
    on its way; `moved` sends elsewhere; `gone`, `denied` and `broken` send none; `cut`, `cut-whole` and `cut-chunked`
    hang up in its midst, and `shrunk` has half of what it promised.
    """
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"files": files}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Write nothing of a client that has left."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: Mapping[str, bytes] = {}

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        """Write nothing."""

    def _answer(self) -> None:
        _, way, name = self.path.partition("?")[0].split("/", 2)
        statuses = {"gone": 404, "denied": 403, "broken": 503}
        if way in statuses:
            self._send(statuses[way], b"")
        elif way == "moved":
            self._send(302, b"", Location=f"/ranges/{name}")
        else:
            ways: dict[str, Callable[[bytes], None]] = {
                "ranges": self._ranges, "cut": self._ranges, "shrunk": self._ranges, "whole": self._whole,
                "cut-whole": self._whole, "chunked": self._chunked, "cut-chunked": self._chunked,
                "zipped": lambda data: self._send(200, gzip.compress(data), **{"Content-Encoding": "gzip"}),
            }  # fmt: skip
            self._is_cut = way.startswith("cut")
            self._is_shrunk = way == "shrunk" and self.command == "GET"
            ways[way](self.files[name])

    def _whole(self, data: bytes) -> None:
        self._send(200, data)

    def _ranges(self, data: bytes) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked is None:
            self._send(200, data, **{"Accept-Ranges": "bytes", "ETag": '"one"'})
            return
        if self._is_shrunk:
            data = data[: len(data) // 2]
        start, end = int(asked[1]), min(int(asked[2]) + 1, len(data))
        if start >= end:
            self._send(416, b"")
            return
        self._send(206, data[start:end], **{"Content-Range": f"bytes {start}-{end - 1}/{len(data)}", "ETag": '"one"'})

    def _chunked(self, data: bytes) -> None:
        self._head(200, {"Transfer-Encoding": "chunked"})
        if self.command == "HEAD":
            return
        pieces = [data[at : at + 10_000] for at in range(0, len(data), 10_000)]
        for piece in pieces[: len(pieces) // 2] if self._is_cut else pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        if self._is_cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, data: bytes, **headers: str) -> None:
        self._head(status, {"Content-Length": str(len(data)), **headers})
        if self.command == "HEAD":
            return
        # A single byte, which is requested first, comes whole.
        if getattr(self, "_is_cut", False) and len(data) > 1:
            data = data[: len(data) // 2]
            self.close_connection = True
        self.wfile.write(data)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
