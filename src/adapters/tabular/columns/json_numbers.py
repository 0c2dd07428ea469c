"""Cells that were read as a number, a bool or a list, as JSON writes them: with the digits that they have."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"([+-]?)0*+(\d*+)\.?(\d*+)([eE][+-]?\d+)?", re.ASCII)
_WORDS: Final = {"true": "true", "t": "true", "false": "false", "f": "false"}


def json_number(text: str) -> str | None:
    """Return a cell as JSON; None where it is written otherwise, as a word for missing is."""
    text = text.strip()
    if (word := _WORDS.get(text.lower())) is not None:
        return word
    if text.startswith("["):  # a list of numbers that was read as JSON, which Python takes NaN for
        return " ".join(text.split()).replace("NaN", "null")
    return _digits(text)


def _digits(text: str) -> str | None:
    found = _NUMBER.fullmatch(text)
    if found is None or not any(each.isdigit() for each in text.lower().partition("e")[0]):
        return None
    sign, whole, fraction, exponent = found.groups(default="")
    return sign.replace("+", "") + (whole or "0") + (f".{fraction}" if fraction else "") + exponent
