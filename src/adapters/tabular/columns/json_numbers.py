"""Cells that were read as a number, a bool or a list, as JSON writes them: with their own digits."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"([+-]?)0*+(\d*+)\.?(\d*+)([eE][+-]?\d+)?", re.ASCII)
_WORDS: Final = {"true": "true", "t": "true", "false": "false", "f": "false"}


def json_number(text: str) -> str | None:
    """Return a cell as JSON; None if it is written in another way, such as a word for missing."""
    text = text.strip()
    if (word := _WORDS.get(text.lower())) is not None:
        return word
    if text.startswith("["):  # a list that Python's JSON has read, which accepts NaN
        return " ".join(text.split()).replace("NaN", "null")
    return _digits(text)


def _digits(text: str) -> str | None:
    found = _NUMBER.fullmatch(text)
    if found is None or not any(each.isdigit() for each in text.lower().partition("e")[0]):
        return None
    sign, whole, fraction, exponent = found.groups(default="")
    return sign.replace("+", "") + (whole or "0") + (f".{fraction}" if fraction else "") + exponent
