"""Upgrades: a request for another protocol is read once more as HTTP/1.1, since a server may ignore it (RFC 9110, 7.8).

The parser takes no body of a request that asks for an upgrade, as what follows might be in the other protocol. Read
again without the field `Upgrade`, head and body are an ordinary request.
"""

from collections.abc import Iterable
from typing import Any

import httptools


def fresh_parser(protocol: Any) -> httptools.HttpRequestParser:
    """Return a parser as uvicorn sets its own up: requests that follow a last one are read and left unanswered."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


def head_without_upgrade(method: str, target: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the head of a request that has been parsed, without the fields that ask for an upgrade."""
    lines = [b"%s %s HTTP/%s" % (method.encode(), target, version.encode())]
    lines += [name + b": " + value for name, value in headers if name != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])
