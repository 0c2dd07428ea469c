"""Framing: where a request begins and ends, and its target, checked so that no server can read it differently."""

import re
from typing import Final

from foreseen.entrypoints.http.origins.host_names import authority_of
from foreseen.entrypoints.http.responses.connection_rejections import ONE_HOST, RejectedError, malformed
from foreseen.entrypoints.http.responses.problems import Rejection

PERCENT: Final = ord("%")
HASH: Final = ord("#")
"""Numbers, since finding one in bytes takes a tenth of the time of finding a bytes object."""

LONGEST_LENGTH: Final = 19
"""Most digits of a Content-Length: enough for any body, and few enough to parse safely."""

_CONTROL_IN_PATH: Final = re.compile(rb"[^?#]*%(?:[01][0-9a-fA-F]|7[fF])")
_Headers = list[tuple[bytes, bytes]]


def check_host(headers: _Headers, version: str) -> None:
    """Raise RejectedError unless there is exactly one Host field, or none in HTTP/1.0 (RFC 9112, 3.2)."""
    hosts = [name for name, _ in headers].count(b"host")
    if hosts > 1 or (hosts == 0 and version != "1.0"):
        raise RejectedError(ONE_HOST)


def check_chunks(headers: _Headers, version: str) -> None:
    """Raise RejectedError for a transfer coding other than chunked, or before HTTP/1.1 (RFC 9112, 6.1)."""
    for name, value in headers:
        if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
            raise RejectedError(_CODING)
    if version != "1.1":
        raise RejectedError(_OLD_CHUNKS)


def check_path(target: bytes) -> None:
    """Raise RejectedError for a target with a fragment, which no client sends, or with control characters, which could
    end its path for another server."""
    if HASH in target:
        raise RejectedError(_FRAGMENT)
    if _CONTROL_IN_PATH.match(target):
        raise RejectedError(_CONTROL)


def origin_form(headers: _Headers, target: bytes) -> bytes:
    """Return the path and query of a target; if it is an absolute URL, put its host into the Host field.

    Raises:
        RejectedError: the URL is not of http or https.
    """
    host = authority_of(target)
    if host is None:  # not a URL, such as *
        return target
    scheme, _, rest = target.partition(b"://")
    if scheme.lower() not in (b"http", b"https"):
        raise RejectedError(_SCHEME)
    headers[:] = [(b"host", host), *(field for field in headers if field[0] != b"host")]
    path = rest[len(host) :]
    return path if path[:1] == b"/" else b"/" + path


def declared_length(field: str) -> int | None:
    """Return the declared length of a body in bytes; None if there is no valid number, which our parser rejects.

    Raises:
        Rejection: it has more digits than any length (400).
    """
    digits = field.strip(" \t")  # the parser strips blanks only
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
