"""Upgrades: the wish for another protocol is ignored, as a server may (RFC 9110, 7.8), by parsing the request again.

The parser reads no body of a request with the field `Upgrade`, since what follows might be in the other protocol.
Without that field, the request is parsed like any other.
"""

from collections.abc import Iterable

import httptools


def fresh_parser(protocol: object) -> httptools.HttpRequestParser:
    """Return a parser configured like uvicorn's: data after the last request of a connection is no error."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


def head_without_upgrade(method: str, target: bytes, version: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the head of a parsed request as bytes, without the field `Upgrade`."""
    lines = [b"%s %s HTTP/%s" % (method.encode(), target, version.encode())]
    lines += [name + b": " + value for name, value in headers if name != b"upgrade"]
    return b"\r\n".join([*lines, b"", b""])
