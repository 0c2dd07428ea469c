"""Parsing of JSON bodies."""

import codecs
import re
from typing import Final

import pydantic_core

from foreseen.entrypoints.http.responses.problems import Rejection

_LONGEST_INTEGER: Final = 4300
"""Digits before the point beyond which the parser rejects a number, as Python does, because of the time it takes."""
_LONG_NUMBER: Final = re.compile(
    rb"(?<![0-9.eE+-])-?[1-9][0-9]{%d,}+(?P<rest>(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)" % _LONGEST_INTEGER
)
"""A number that is too long, or text within a string that looks like one."""


def parsed(body: bytes) -> object:
    """Return the parsed body; NaN and Infinity are accepted, since many clients send them, though they are not JSON.

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


def json_kind(value: object) -> str:
    """Return what a parsed value is, for messages: "a list"."""
    names = {
        list: "a list",
        str: "a string",
        bool: "true or false",
        int: "a number",
        float: "a number",
        dict: "an object",
    }
    return names.get(type(value), "null")


def _parsed(body: bytes) -> object:
    return pydantic_core.from_json(body, allow_inf_nan=True, cache_strings="keys")


def _with_shorter_numbers(body: bytes) -> bytes:
    """Return a body in which no number is too long; strings are left unchanged."""
    parts, end, is_in_string = [], 0, False
    for found in _LONG_NUMBER.finditer(body):
        between = body[end : found.start()]
        quotes = between.replace(rb"\\", b"").replace(rb"\"", b"").count(b'"')
        is_in_string ^= quotes % 2 == 1
        parts += [between, found[0] if is_in_string else _shorter(found)]
        end = found.end()
    return b"".join([*parts, body[end:]])


def _shorter(found: re.Match[bytes]) -> bytes:
    """Return a number that can be parsed, padded to the same length, so that errors after it keep their columns."""
    number = found[0]
    if not found["rest"]:  # an integer: with fewer digits it is still too large for any feature
        return number[:_LONGEST_INTEGER].ljust(len(number))
    return repr(float(number)).replace("inf", "1e999").encode().ljust(len(number))
