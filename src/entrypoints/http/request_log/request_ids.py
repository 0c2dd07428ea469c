"""Request ids: names by which one request is found again, accepted from its client or made here."""

import os
import re
from binascii import hexlify
from collections.abc import Iterable, Iterator
from typing import Final

HEADER: Final = b"x-request-id"

_GIVEN: Final = re.compile(rb"[\w.~:/+=@-]{1,128}")
"""What UUIDs, ULIDs, base64 and the ids of balancers are made of; nothing that means anything in a log or a page."""

_TRACEPARENT: Final = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)

_BYTES: Final = 16
_MADE_AT_ONCE: Final = 64


def accepted(given: bytes | None) -> bytes:
    """Return the id that a client has given, or one of our own where that is none or may not be repeated as it is."""
    return given if given is not None and _GIVEN.fullmatch(given) else made()


def _new_ids() -> Iterator[bytes]:
    """Yield ids for ever: 32 hexadecimal digits each, as the ids of traces have."""
    while True:  # a call of the kernel for each would cost as much as all else that a request's context does
        digits = hexlify(os.urandom(_BYTES * _MADE_AT_ONCE))
        for start in range(0, len(digits), 2 * _BYTES):
            yield digits[start : start + 2 * _BYTES]


made: Final = _new_ids().__next__
"""Returns a new id; called on one thread of a process."""


def only_traceparent(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the value of the header `traceparent`; None where there is none, or several, which are as none."""
    given = [value for name, value in headers if name == b"traceparent"]
    return given[0] if len(given) == 1 else None


def trace_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the id of the trace that a request belongs to; None where its client says nothing valid of one.

    Source:
        W3C Trace Context, 3.2: version 00 has four fields, later ones may have more.
    """
    given = only_traceparent(headers)
    found = None if given is None else _TRACEPARENT.fullmatch(given)
    if found is None or (found[1] == b"00" and found[3]):
        return None
    return found[2].decode("ascii")
