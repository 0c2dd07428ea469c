"""A body of JSON as Python has it."""

import codecs
import re
from typing import Any, Final

import pydantic_core

from foreseen.entrypoints.http.responses.problems import Refusal

_LONGEST_INTEGER: Final = 4300
"""Digits before the point beyond which the parser refuses a number as Python does: it takes time to convert them."""
_LONG_NUMBER: Final = re.compile(
    rb"(?<![0-9.eE+-])-?[1-9][0-9]{%d,}+(?P<rest>(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)" % _LONGEST_INTEGER
)
"""A number that is too long; also within a string."""


def parsed(body: bytes) -> Any:
    """Return what a body holds; NaN and Infinity, which are no JSON and which many clients write, may be in it.

    Raises:
        Refusal: it is no JSON.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        return _parsed(body)
    except ValueError as exc:
        refused = exc
    if "number out of range" in str(refused):
        try:
            return _parsed(_with_shorter_numbers(body))
        except ValueError as exc:
            refused = exc
    got = "nothing" if not body.strip() else str(refused)
    raise Refusal(400, "invalid-json", "The body is not JSON", f"expected JSON, got {got}") from None


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
