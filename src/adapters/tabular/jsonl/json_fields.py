"""The fields of one JSON object, each value as it was written."""

import json
import re
from collections.abc import Iterator
from typing import Final

import msgspec

Fields = dict[str, bytes]

_decode: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
# Numbers stay text, since only their end matters: Python rejects integers of thousands of digits.
_scan: Final = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode
_BLANK: Final = re.compile(r"[ \t\n\r]*")
_HALF: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F])|\\.", re.DOTALL
)
"""Escapes, a pair of surrogates as one, and half of one by itself."""
_TOO_DEEP: Final = "expected JSON, got lists that are nested too deeply"


def fields_of(line: bytes) -> Fields:
    """Return the fields of an object; NaN and Infinity, which are not JSON but common, are accepted.

    Raises:
        ValueError: it is not an object, or contains invalid text.
    """
    try:
        return {name: bytes(value).strip() for name, value in _decode(line).items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _leniently(line)


def has_half_characters(value: bytes) -> bool:
    """Return whether a string in a value contains half of a surrogate pair, which cannot be encoded."""
    return b"\\u" in value and any(found["half"] for found in _HALF.finditer(value))


def _leniently(line: bytes) -> Fields:
    """Read what is not strictly JSON with Python's own reader, which accepts NaN and Infinity."""
    try:
        text = line.decode()
        fields = dict(_members(text))
        return {name.encode().decode(): value.encode() for name, value in fields.items()}
    except _NoObjectError:
        raise
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except UnicodeEncodeError:
        raise ValueError("expected fields named in Unicode characters, got half a surrogate pair") from None
    except ValueError as exc:
        raise ValueError(f"expected JSON, got {_cut(line.decode(errors='replace'))}: {exc}") from None


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Yield the members of an object, each value as its part of the text."""
    at = _after_blank(text, 0)
    if text[at : at + 1] != "{":
        _, end = _scan(text, at)
        _check_end(text, end)
        raise _NoObjectError(f"expected a JSON object, got {_cut(text)}")
    at = _after_blank(text, at + 1)
    is_first = True
    while text[at : at + 1] != "}" or not is_first:
        name, at = _name(text, at)
        start = _after_blank(text, at)
        _, end = _scan(text, start)
        yield name, text[start:end]
        at = _after_blank(text, end)
        if text[at : at + 1] == "}":
            break
        at = _after_blank(text, _past(",", text, at))
        is_first = False
    _check_end(text, at + 1)


class _NoObjectError(ValueError):
    """A value that is not an object."""


def _name(text: str, at: int) -> tuple[str, int]:
    """Return the name of a member, and where its value begins."""
    if text[at : at + 1] != '"':
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
    name, end = _scan(text, at)
    return name, _past(":", text, _after_blank(text, end))


def _past(mark: str, text: str, at: int) -> int:
    if text[at : at + 1] != mark:
        raise json.JSONDecodeError(f"Expecting '{mark}' delimiter", text, at)
    return at + 1


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _check_end(text: str, at: int) -> None:
    end = _after_blank(text, at)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 40 else text[:39] + "…"
