"""Types of settings: how each is read from text, and what an error says was expected."""

import re
from math import isfinite
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

_DURATION: Final = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(ms|s|m|h|d)?\s*")
_UNIT_S: Final = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
OUTPUT: Final = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
SHA256: Final = r"^[0-9A-Fa-f]{64}$"
RATE: Final = r"^[1-9]\d{0,8}/(second|minute|hour|day)$"
FORMS: Final = {
    NAME: "up to 64 letters, digits, dots, dashes and underscores, the first a letter or digit",
    RATE: "a number a second, minute, hour or day, such as 100/second",
}
"""What an error says was expected, by the pattern of the text."""


NAMES_WRITTEN: Final = "names whose numbers were written by a person"
"""Key in the context of a validation: settings from a file, whose durations need a unit, unlike Python numbers."""


def _duration(value: object, info: ValidationInfo) -> object:
    """Read "250ms", "30s", "5m", "1h" or "2d" as seconds; a number from Python code is seconds already.

    Text and numbers in a file need a unit, since some settings are usually milliseconds and others hours; 0 needs none.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        if value > 0 and info.field_name in (info.context or {}).get(NAMES_WRITTEN, ()):
            raise ValueError(_with_unit(f"{value:g}"))
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration such as 250ms, 30s, 5m, 1h or 2d")
    if match[2] is None and float(match[1]):
        raise ValueError(_with_unit(match[1]))
    return float(match[1]) * _UNIT_S[match[2] or "s"]


def _with_unit(number: str) -> str:
    return f"a duration with its unit, such as {number}ms or {number}s"


def _no_bool(value: object) -> object:
    """Reject true, which would be read as 1."""
    if isinstance(value, bool):
        raise ValueError("a whole number")
    return value


def _words(value: object) -> object:
    """Read "a, b" as two words."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


def _distinct(words: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(words)) < len(words) or not all(words):
        raise ValueError("names separated by commas, each once")
    return words


def _outputs(words: tuple[str, ...]) -> tuple[str, ...]:
    # Whether the model has them is known once it is loaded.
    if not words or not all(re.fullmatch(OUTPUT, word) for word in words):
        raise ValueError("names of outputs, such as predict or predict_proba, separated by commas")
    return words


def _digest_or_file(value: str) -> str:
    # A file whose name consists of hexadecimal digits, such as cafe, can be given as ./cafe.
    if re.fullmatch(r"[0-9A-Fa-f]+", value) and not re.fullmatch(SHA256, value):
        raise ValueError("64 hexadecimal digits, or a file that holds them as sha256sum writes it")
    return value


def _digests(words: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(SHA256, word) for word in words):
        raise ValueError("the SHA-256 of each key, in 64 hexadecimal digits, as foreseen key prints it")
    return words


Duration = Annotated[float, BeforeValidator(_duration), Field(gt=0, allow_inf_nan=False)]
UpToADay = Annotated[float, BeforeValidator(_duration), Field(gt=0, le=86400, allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_no_bool)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words), AfterValidator(_distinct)]
Outputs = Annotated[Words, AfterValidator(_outputs)]
DigestOrFile = Annotated[str, Field(min_length=1), AfterValidator(_digest_or_file)]
Digests = Annotated[Words, AfterValidator(_digests)]
