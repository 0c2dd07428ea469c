"""Reading a body within limits: one that is too large is rejected before it is held whole."""

import asyncio
import re
from email.message import Message
from typing import Final

from starlette.requests import Request

from foreseen.entrypoints.http.requests.body_budget import Share
from foreseen.entrypoints.http.requests.framing import declared_length
from foreseen.entrypoints.http.responses.problems import Rejection

COUNTED_AT_ONCE: Final = 16 * 1024
"""Bytes that are scanned in one turn of the event loop: at most 5 ms, for nothing but structure."""

_STRUCTURE: Final = re.compile(rb'["\\{}\[\],]')
_CLOSING: Final = {"Connection": "close"}


async def read_body(request: Request, share: Share, *, max_bytes: int, max_rows: int, max_values: int) -> bytes:
    """Read a JSON body.

    Args:
        share: holds the body while it arrives.
        max_rows: most elements of a list in the body's object.
        max_values: most values in the body.
    Raises:
        Rejection: another content type (415), more bytes, longer lists or more values than the limits (413), or more
            bodies at once than there is room for (503).
    """
    _check_is_json(request)
    declared = declared_length(request.headers.get("content-length", ""))
    if declared is not None and declared > max_bytes:
        raise _too_large(max_bytes)
    rows = RowCounter(max_rows, max_values)
    async for part in request.stream():
        share.add(part)
        if len(share.body) > max_bytes:
            raise _too_large(max_bytes)
        rows.feed(part[:COUNTED_AT_ONCE])
        for start in range(COUNTED_AT_ONCE, len(part), COUNTED_AT_ONCE):
            await asyncio.sleep(0)
            rows.feed(part[start : start + COUNTED_AT_ONCE])
    return share.whole()


def _check_is_json(request: Request) -> None:
    given = request.headers.get("content-type", "")
    parsed = Message()
    parsed["Content-Type"] = given
    media_type = parsed.get_content_type()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not is_json or parsed.get_content_charset("utf-8") not in ("utf-8", "utf8"):
        got = given or "none"
        raise Rejection(
            415, "not-json", "Unsupported media type", f"expected Content-Type: application/json, got {got}"
        )
    encoding = request.headers.get("content-encoding", "").lower()
    # A list of codings that may be empty (RFC 9110, 8.4); identity is none.
    if not {coding.strip() for coding in encoding.split(",")} <= {"", "identity"}:
        raise Rejection(
            415, "encoded", "Unsupported content encoding", f"expected a body without Content-Encoding, got {encoding}"
        )


def too_many(max_rows: int) -> Rejection:
    """Return the rejection of a request with too many instances (413)."""
    detail = f"expected at most {max_rows} instances in one request (max_rows), got more"
    return Rejection(413, "too-many-instances", "Too many instances", detail, _CLOSING)


def _too_many_values(max_values: int) -> Rejection:
    detail = f"expected at most {max_values} values in one request (max_rows of them all), got more"
    return Rejection(413, "too-many-values", "Too many values", detail, _CLOSING)


def _too_large(max_bytes: int) -> Rejection:
    detail = f"expected a body of at most {max_bytes} bytes (max_body), got more"
    return Rejection(413, "body-too-large", "The body is too large", detail, _CLOSING)


class RowCounter:
    """Counts the elements of the lists in a body's object, and its values, as its parts arrive, without parsing.

    Bodies too short to hold too many are not scanned: an instance takes at least two bytes, `0,`.
    """

    def __init__(self, max_rows: int, max_values: int) -> None:
        """Accept the largest numbers of instances and of values."""
        self._max_rows = max_rows
        self._max_values = max_values
        self._early = bytearray()
        self._seen = 0
        self._depth = 0
        self._rows = 0
        self._values = 0
        self._in_string = False
        self._escapes = False

    def feed(self, part: bytes) -> None:
        """Scan the next part; raise Rejection (413) once the body holds too many instances or values."""
        self._seen += len(part)
        if self._seen <= 2 * self._max_rows:
            self._early += part
            return
        if self._early:
            part, self._early = bytes(self._early) + part, bytearray()
        self._count(part)
        if self._rows >= self._max_rows:
            raise too_many(self._max_rows)
        if self._values >= self._max_values:
            raise _too_many_values(self._max_values)

    def _count(self, part: bytes) -> None:
        skip = -1
        if self._escapes and part:  # the part before ended in a backslash
            skip, self._escapes = 0, False
        for match in _STRUCTURE.finditer(part):
            at = match.start()
            if at == skip:
                continue
            sign = part[at]
            if self._in_string:
                if sign == 0x5C:  # a backslash: whatever follows it does not end the string
                    skip = at + 1
                    self._escapes = skip == len(part)
                elif sign == 0x22:
                    self._in_string = False
            elif sign == 0x22:
                self._in_string = True
            elif sign in b"{[":
                self._depth += 1
            elif sign in b"}]":
                self._depth -= 1
            elif sign == 0x2C:
                self._values += 1
                self._rows += self._depth == 2  # between the elements of {"instances": […]}
