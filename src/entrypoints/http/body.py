"""Reading a body within limits: what is too large is refused before it is held whole."""

import re
from email.message import Message
from typing import Final

from starlette.requests import Request

from foreseen.entrypoints.http.problems import Refusal

_STRUCTURE: Final = re.compile(rb'["\\{}\[\],]')
_CLOSING: Final = {"Connection": "close"}


async def read_body(request: Request, *, max_bytes: int, max_rows: int) -> bytes:
    """Read a JSON body.

    Args:
        max_rows: elements that a list in the body's object may have.
    Raises:
        Refusal: another content type (415), more bytes or longer lists than the limits (413).
    """
    _refuse_unless_json(request)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    body = bytearray()
    rows = RowCounter(max_rows)
    async for part in request.stream():
        body += part
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
        rows.feed(part)
    return bytes(body)


def _refuse_unless_json(request: Request) -> None:
    given = request.headers.get("content-type", "")
    parsed = Message()
    parsed["Content-Type"] = given
    media_type = parsed.get_content_type()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if not is_json or parsed.get_content_charset("utf-8") not in ("utf-8", "utf8"):
        got = given or "none"
        raise Refusal(415, "not-json", "Another media type", f"expected Content-Type: application/json, got {got}")
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise Refusal(415, "encoded", "Another content encoding", f"expected a body as it is, got it in {encoding}")


def too_many(max_rows: int) -> Refusal:
    """Refuse a request for its number of instances."""
    detail = f"expected at most {max_rows} instances in one request (max_rows), got more"
    return Refusal(413, "too-many-instances", "Too many instances", detail, _CLOSING)


def _too_large(max_bytes: int) -> Refusal:
    detail = f"expected a body of at most {max_bytes} bytes (max_body), got more"
    return Refusal(413, "body-too-large", "The body is too large", detail, _CLOSING)


class RowCounter:
    """Counts the elements of the lists in a body's object as its parts arrive, without holding or parsing it.

    Bodies too short to hold too many are not looked at: an instance takes two bytes at the least, `0,`.
    """

    def __init__(self, max_rows: int) -> None:
        """Take the number of instances that a body may hold."""
        self._max_rows = max_rows
        self._early = bytearray()
        self._seen = 0
        self._depth = 0
        self._commas = 0
        self._in_string = False
        self._escapes = False

    def feed(self, part: bytes) -> None:
        """Look at the next part; raise Refusal (413) when the body holds too many instances."""
        self._seen += len(part)
        if self._seen <= 2 * self._max_rows:
            self._early += part
            return
        if self._early:
            part, self._early = bytes(self._early) + part, bytearray()
        self._count(part)
        if self._commas >= self._max_rows:
            raise too_many(self._max_rows)

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
            elif sign == 0x2C and self._depth == 2:  # between the elements of {"instances": […]}
                self._commas += 1
