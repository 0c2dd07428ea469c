"""Request ids, accepted from the client or made here, and trace ids."""

import os
import re
from binascii import hexlify
from collections.abc import Iterable, Iterator
from typing import Final

HEADER: Final = b"x-request-id"

_GIVEN: Final = re.compile(rb"[\w.~:/+=@-]{1,128}")
"""The characters of UUIDs, ULIDs, base64 and load balancers' ids; none has a special meaning in a log or in HTML."""

_TRACEPARENT: Final = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)

_BYTES: Final = 16
_MADE_AT_ONCE: Final = 64


def accepted(given: bytes | None) -> bytes:
    """Return the id that a client sent, or a new one if there is none or it is invalid."""
    return given if given is not None and _GIVEN.fullmatch(given) else made()


def _new_ids() -> Iterator[bytes]:
    """Yield ids without end: 32 hexadecimal digits each, like trace ids."""
    while True:  # 64 at a time, since a system call for each would cost as much as the rest of a request's context
        digits = hexlify(os.urandom(_BYTES * _MADE_AT_ONCE))
        for start in range(0, len(digits), 2 * _BYTES):
            yield digits[start : start + 2 * _BYTES]


made: Final = _new_ids().__next__
"""Returns a new id; to be called on one thread only."""


def only_traceparent(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return the value of `traceparent`; None if that field is absent or occurs several times."""
    given = [value for name, value in headers if name == b"traceparent"]
    return given[0] if len(given) == 1 else None


def trace_id(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the id of the trace that a request belongs to; None if its client sends no valid one.

    Source:
        W3C Trace Context, 3.2: version 00 has four fields, later ones may have more.
    """
    given = only_traceparent(headers)
    found = None if given is None else _TRACEPARENT.fullmatch(given)
    if found is None or (found[1] == b"00" and found[3]):
        return None
    return found[2].decode("ascii")
