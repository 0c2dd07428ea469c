"""Numbers in every spelling that JSON and text have for them, and in some that neither has."""

import random
import struct
from decimal import Decimal
from fractions import Fraction
from typing import Final

_POOL: Final = [
    "0", "1", "2", "-1", "0.5", "3.25", "0.1", "100", "7", "255", "256", "-128", "-129", "32767", "32768", "65535",
    "2147483647", "2147483648", "4294967295", "4294967296", "100000", "1e20", "1e21", "1e-7", "1e22", "1e23",
    "123456789012345680000", "1152921504606847000", "1704153600000000123",
]  # fmt: skip
"""Few, so that one number is met in many spellings."""
_EDGES: Final = [
    *(str(sign * (2**power + more)) for power in (24, 31, 53, 63, 64) for more in (-1, 0, 1) for sign in (1, -1)),
    "3.4028234663852886e38", "3.4028235677973362e38", "3.4028235677973366e38", "3.4028235677973367e38",
    "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e308", "1e309", "1e400", "1e-400",
    "5e-324", "4.9406564584124654e-324", "2.4703282292062327208e-324", "2.4703282292062328e-324",
    "2.2250738585072011e-308", "2.2250738585072014e-308", "1.1754943508222875e-38", "1.401298464324817e-45",
    "7.006492321624085e-46", "7.006492321624086e-46", "16777217", "16777219", "0.30000000000000004",
    "9007199254740992.5", "9007199254740993.0", "0.99999999999999999999", "1.0000000000000001",
    "6.631236871469758276785396630275967242e-316", "17.000000000000001776356839400250464678",
]  # fmt: skip
_LONG: Final = [
    "1" + "0" * 309, "9" * 4300, "9" * 4301, "1" + "0" * 5000 + "e-5000", "0." + "1" * 4500, "1" * 5000 + ".5",
    "0." + "0" * 400 + "1e401", "1e99999999999999999999", "0e99999999999999999999", "1e-99999999999999999999",
    "25" + "0" * 400 + "e-400",
]  # fmt: skip
_NO_NUMBERS: Final = [
    "+1", "01", "-01", "00", ".5", "-.5", "1.", "1.e5", "1e", "1e+", "e5", "-", "--1", "1-", "0x10", "1_0", "1,5",
    "1 0", "1f", "1d", "nan", "inf", "-inf", "infinity", "-NaN", "+Infinity", "1.5.2", "1e5.0", "1e5e5", "\u0661",
    "\uff11", "1L", "0b1", "0o7", "1/2", "$1", "1%", "\u22121", "(1)", "#NA", "True", "NULL", "none", "undefined",
]  # fmt: skip
_LIKE_NUMBERS: Final = ["NaN", "Infinity", "-Infinity"]
"""What is no JSON either, and what many write."""
_SPELLED_DIGITS: Final = 60
"""Longer numbers are written as they are."""


def number(rng: random.Random) -> str:
    """Return what may be in the place of a number; mostly a number as JSON writes it."""
    kind = rng.random()
    if kind < 0.02:
        return rng.choice(_NO_NUMBERS)
    if kind < 0.04:
        return rng.choice(_LIKE_NUMBERS)
    if kind < 0.06:
        return rng.choice(["", "-"]) + rng.choice(_LONG)
    return spelled(rng, _drawn(rng, kind))


def number_in_text(rng: random.Random) -> str:
    """Return a number as it is in a query string or a cell, where more zeros, a plus and a bare point may be."""
    text = number(rng)
    if not text or not text[-1].isdigit() or rng.random() < 0.6:
        return text
    sign, digits = ("-", text[1:]) if text[0] == "-" else ("", text)
    zeros = "0" * rng.choice([0, 0, 1, 5, 280, 301, 5000])
    sign = sign or rng.choice(["", "", "+"])
    if digits.startswith("0.") and rng.random() < 0.5:
        return sign + digits[1:]
    return sign + zeros + digits + ("." if digits.isdigit() and rng.random() < 0.2 else "")


def _drawn(rng: random.Random, kind: float) -> str:
    if kind < 0.55:
        return rng.choice(_POOL)
    if kind < 0.75:
        return rng.choice(_EDGES)
    if kind < 0.85:
        return repr(_any_float(rng))
    return _halfway(rng) if kind < 0.92 else str(rng.randint(-(10**3), 10**3))


def _any_float(rng: random.Random) -> float:
    while True:
        (value,) = struct.unpack("<d", rng.randbytes(8))
        if value == value and abs(value) < float("inf"):
            return float(value)


def _halfway(rng: random.Random) -> str:
    """Return the number between two floats to its last digit, or one that is a little beside it."""
    low = Fraction(rng.choice([1.0, 3.0, 0.1, 1024.0]) * (1 + rng.random()))
    exact = (low + Fraction(2) ** -53 * (1 << (low.numerator // low.denominator).bit_length())) * 10**60
    return f"{exact.numerator // exact.denominator + rng.choice([-1, 0, 1])}e-60"


def spelled(rng: random.Random, text: str) -> str:
    """Return a number in another spelling of the same value, as JSON may write it."""
    if len(text) > _SPELLED_DIGITS or rng.random() < 0.3:
        return text
    is_negative, digits, exponent = Decimal(text).as_tuple()
    assert isinstance(exponent, int)
    zeros = rng.choice([0, 0, 0, 1, 2, 20])
    written = "".join(map(str, digits)) + "0" * zeros
    exponent -= zeros
    point = rng.choice([0, len(written), rng.randint(0, len(written))])
    if rng.random() < 0.5 and 0 < len(written) + exponent <= len(written):
        point = len(written) + exponent  # no exponent is needed
    whole, fraction = written[:point].lstrip("0") or "0", written[point:]
    return (
        ("-" if is_negative else "")
        + whole
        + (f".{fraction}" if fraction else "")
        + _power(rng, exponent + len(fraction))
    )


def _power(rng: random.Random, exponent: int) -> str:
    if exponent == 0 and rng.random() < 0.7:
        return ""
    sign = "-" if exponent < 0 else rng.choice(["", "+", "-" if exponent == 0 else "+"])
    return rng.choice("eE") + sign + "0" * rng.choice([0, 0, 1, 3]) + str(abs(exponent))
