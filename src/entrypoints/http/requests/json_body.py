"""A JSON body, parsed."""

import codecs
import re
from typing import Any, Final

import pydantic_core

from foreseen.entrypoints.http.responses.problems import Rejection

_LONGEST_INTEGER: Final = 4300
"""Digits before the point beyond which the parser rejects a number, as Python does for the time it would take."""
_LONG_NUMBER: Final = re.compile(
    rb"(?<![0-9.eE+-])-?[1-9][0-9]{%d,}+(?P<rest>(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)" % _LONGEST_INTEGER
)
"""A number that is too long; also within a string."""


def parsed(body: bytes) -> Any:
    """Return the parsed body; NaN and Infinity, which are not JSON but which many clients send, are accepted.

    Raises:
        Rejection: it is not JSON (400).
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        return _parsed(body)
    except ValueError as exc:
        rejected = exc
    if "number out of range" in str(rejected):
        try:
            return _parsed(_with_shorter_numbers(body))
        except ValueError as exc:
            rejected = exc
    got = "nothing" if not body.strip() else str(rejected)
    raise Rejection(400, "invalid-json", "The body is not JSON", f"expected JSON, got {got}") from None


def _parsed(body: bytes) -> Any:
    return pydantic_core.from_json(body, allow_inf_nan=True, cache_strings="keys")


def _with_shorter_numbers(body: bytes) -> bytes:
    """Return a body in which no number is too long; what is within strings stays as it is."""
    parts, end, is_in_string = [], 0, False
    for found in _LONG_NUMBER.finditer(body):
        between = body[end : found.start()]
        quotes = between.replace(rb"\\", b"").replace(rb"\"", b"").count(b'"')
        is_in_string ^= quotes % 2 == 1
        parts += [between, found[0] if is_in_string else _shorter(found)]
        end = found.end()
    return b"".join([*parts, body[end:]])


def _shorter(found: re.Match[bytes]) -> bytes:
    """Return a number so that it can be parsed, at the length that it had, lest errors behind it get other columns."""
    number = found[0]
    if not found["rest"]:  # any other integer of so many digits is out of every range as well
        return number[:_LONGEST_INTEGER].ljust(len(number))
    return repr(float(number)).replace("inf", "1e999").encode().ljust(len(number))
