"""Timeouts: the time budget of a request, set by the operator and shortened by the request's header."""

import re
from collections.abc import Iterable
from typing import Final

from foreseen.entrypoints.http.responses.problems import Rejection

HEADER: Final = b"request-timeout"

FORM: Final = r"^[0-9]{1,9}(\.[0-9]{1,9})?$"
"""Seconds, with or without a fraction."""
_FORM: Final = re.compile(FORM.strip("^$").encode())

_SHOWN: Final = 40
"""Bytes of a header that are shown in an error."""


def timeout_s(given: Iterable[tuple[bytes, bytes]], longest_s: float) -> float:
    """Return the seconds that a request may wait: `longest_s`, or less if its header says so.

    Raises:
        Rejection: the header is not a number of seconds, or occurs several times (400).
    """
    values = [value for name, value in given if name == HEADER]
    if not values:
        return longest_s
    if len(values) > 1 or not is_timeout(values[0]):
        got = b", ".join(values)[:_SHOWN].decode("latin-1")
        detail = f"expected Request-Timeout to be seconds such as 2 or 0.25, got {got}"
        raise Rejection(400, "invalid-timeout", "Invalid Request-Timeout", detail)
    return min(longest_s, float(values[0]))


def is_timeout(value: bytes) -> bool:
    """Return whether a header's value is a number of seconds."""
    return _FORM.fullmatch(value) is not None
