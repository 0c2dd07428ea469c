"""Reading a body within limits: one that is too large is rejected before all of it is in memory."""

import asyncio
from typing import Final, Protocol

from starlette.requests import Request

from foreseen.entrypoints.http.requests.body_budget import Share
from foreseen.entrypoints.http.requests.framing import declared_length
from foreseen.entrypoints.http.responses.problems import Rejection

SCANNED_AT_ONCE: Final = 16 * 1024
"""Bytes to scan in one turn of the event loop: 5 ms at most, if they are all brackets and commas."""

CLOSING: Final = {"Connection": "close"}


class BodyScanner(Protocol):
    """Scans a body while it arrives."""

    def feed(self, part: bytes) -> None:
        """Scan the next part; raise Rejection (413) once the body holds more than is accepted."""


async def read_body(request: Request, share: Share, scanner: BodyScanner, *, max_bytes: int) -> bytes:
    """Return the whole body of a request.

    Args:
        share: the body's share of the memory budget.
        scanner: a new scanner for this body.
    Raises:
        Rejection: the body has a content encoding (415), more bytes than the limit or more than the scanner accepts
            (413), or there is no room for all unfinished bodies (503).
    """
    _check_encoding(request)
    declared = declared_length(request.headers.get("content-length", ""))
    if declared is not None and declared > max_bytes:
        raise _too_large(max_bytes)
    async for part in request.stream():
        share.add(part)
        if len(share.body) > max_bytes:
            raise _too_large(max_bytes)
        scanner.feed(part[:SCANNED_AT_ONCE])
        for start in range(SCANNED_AT_ONCE, len(part), SCANNED_AT_ONCE):
            await asyncio.sleep(0)
            scanner.feed(part[start : start + SCANNED_AT_ONCE])
    return share.whole()


def _check_encoding(request: Request) -> None:
    encoding = request.headers.get("content-encoding", "").lower()
    # A list of codings that may be empty (RFC 9110, 8.4); identity means no coding.
    if not {coding.strip() for coding in encoding.split(",")} <= {"", "identity"}:
        raise Rejection(
            415, "encoded", "Unsupported content encoding", f"expected a body without Content-Encoding, got {encoding}"
        )


def too_many(max_rows: int) -> Rejection:
    """Return the rejection of a request with too many instances (413)."""
    detail = f"expected at most {max_rows} instances in one request (max_rows), got more"
    return Rejection(413, "too-many-instances", "Too many instances", detail, CLOSING)


def _too_large(max_bytes: int) -> Rejection:
    detail = f"expected a body of at most {max_bytes} bytes (max_body), got more"
    return Rejection(413, "body-too-large", "The body is too large", detail, CLOSING)
