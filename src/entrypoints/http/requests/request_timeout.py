"""Timeouts: how long a request may wait, by what the operator sets and what its header shortens that to."""

import re
from collections.abc import Iterable
from typing import Final

from foreseen.entrypoints.http.responses.problems import Refusal

HEADER: Final = b"request-timeout"

FORM: Final = r"^[0-9]{1,9}(\.[0-9]{1,9})?$"
"""Seconds, with or without a fraction."""
_FORM: Final = re.compile(FORM.strip("^$").encode())

_SHOWN: Final = 40
"""Bytes of a header that are told back."""


def timeout_s(given: Iterable[tuple[bytes, bytes]], longest_s: float) -> float:
    """Give how long a request with these headers may wait, seconds.

    Raises:
        Refusal: the header is no number of seconds, or there are several (400).
    """
    values = [value for name, value in given if name == HEADER]
    if not values:
        return longest_s
    if len(values) > 1 or not is_timeout(values[0]):
        got = b", ".join(values)[:_SHOWN].decode("latin-1")
        detail = f"expected Request-Timeout to be seconds such as 2 or 0.25, got {got}"
        raise Refusal(400, "invalid-timeout", "Invalid Request-Timeout", detail)
    return min(longest_s, float(values[0]))


def is_timeout(value: bytes) -> bool:
    """Tell whether a header's value is a number of seconds."""
    return _FORM.fullmatch(value) is not None
