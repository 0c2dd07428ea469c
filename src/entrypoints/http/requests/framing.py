"""Framing: where a request begins and ends, and which target it has, so that no two servers may read it differently."""

import re
from typing import Final

from foreseen.entrypoints.http.origins.host_names import authority_of
from foreseen.entrypoints.http.responses.connection_rejections import ONE_HOST, RejectedError, malformed
from foreseen.entrypoints.http.responses.problems import Rejection

PERCENT: Final = ord("%")
HASH: Final = ord("#")
"""What only some targets contain. A number is found in bytes in a tenth of the time that another bytes object takes."""

LONGEST_LENGTH: Final = 19
"""Digits of a Content-Length: more than any body has bytes, and few enough to be a number without a thought."""

_CONTROL_IN_PATH: Final = re.compile(rb"[^?#]*%(?:[01][0-9a-fA-F]|7[fF])")
_Headers = list[tuple[bytes, bytes]]


def check_host(headers: _Headers, version: str) -> None:
    """Raise RejectedError unless there is one Host field; HTTP/1.0 alone may have none (RFC 9112, 3.2)."""
    hosts = [name for name, _ in headers].count(b"host")
    if hosts > 1 or (hosts == 0 and version != "1.0"):
        raise RejectedError(ONE_HOST)


def check_chunks(headers: _Headers, version: str) -> None:
    """Raise RejectedError unless a body in chunks is nothing else, and of a version that has chunks (RFC 9112, 6.1)."""
    for name, value in headers:
        if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
            raise RejectedError(_CODING)
    if version != "1.1":
        raise RejectedError(_OLD_CHUNKS)


def check_path(target: bytes) -> None:
    """Raise RejectedError for a fragment, which no client sends, and for control characters, which may end a path."""
    if HASH in target:
        raise RejectedError(_FRAGMENT)
    if _CONTROL_IN_PATH.match(target):
        raise RejectedError(_CONTROL)


def origin_form(headers: _Headers, target: bytes) -> bytes:
    """Return the path and query of a target, and have the host of an absolute one stand for the Host field."""
    host = authority_of(target)
    if host is None:  # such as *
        return target
    scheme, _, rest = target.partition(b"://")
    if scheme.lower() not in (b"http", b"https"):
        raise RejectedError(_SCHEME)
    headers[:] = [(b"host", host), *(field for field in headers if field[0] != b"host")]
    path = rest[len(host) :]
    return path if path[:1] == b"/" else b"/" + path


def declared_length(field: str) -> int | None:
    """Return the declared length of a body; None without a valid number, since our parser rejects an invalid one.

    Raises:
        Rejection: it has more digits than any length (400).
    """
    digits = field.strip(" \t")  # the parser leaves tabs
    if not (digits.isascii() and digits.isdigit()):
        return None
    if len(digits) > LONGEST_LENGTH:
        raise Rejection(_LENGTH.status, _LENGTH.kind, _LENGTH.title, _LENGTH.detail, {"Connection": "close"})
    return int(digits)


_CODING: Final = malformed("Transfer-Encoding to be chunked and nothing else, got another")
_OLD_CHUNKS: Final = malformed("no Transfer-Encoding in a request before HTTP/1.1, got one")
_CONTROL: Final = malformed("a path without control characters, got one with them, percent-encoded")
_FRAGMENT: Final = malformed("a target without a fragment, got one with #")
_SCHEME: Final = malformed("a path, or a URL of http or https, got a URL of another scheme")
_LENGTH: Final = malformed(f"a Content-Length of at most {LONGEST_LENGTH} digits, got more")
