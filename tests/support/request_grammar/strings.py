"""Strings as JSON writes them: with escapes, pairs of surrogates, halves of them, and characters as they are."""

import random
from typing import Final

from support.request_grammar.meaning import Written

_CHARACTERS: Final = ["a", "1", "é", "٣", "\U0001f600", "\u2028", " ", "/", "'", "\ufeff", "%", "+", ";", "&", "="]
_ESCAPED: Final = [
    (r"\u0031", "1"), (r"\u0000", "\0"), (r"\"", '"'), (r"\\", "\\"), (r"\/", "/"), (r"\n", "\n"), (r"\u00E9", "é"),
    (r"\uD83D\uDE00", "\U0001f600"), (r"\ud83d\ude00", "\U0001f600"), (r"\uFFFF", "\uffff"), (r"\u007f", "\x7f"),
]  # fmt: skip
_HALVES: Final = [r"\ud83d", r"\uDE00", r"\ude00\ud83d", r"\ud83d\ud83d\ude00"]
_NO_STRINGS: Final = ["'a'", '"\t"', '"a', r'"\x41"', r'"\u12"', r'"\u{41}"', "a", r'"\"', '"\n"']
_TEXTS: Final = ["", "1", "1.0", "red", "blue", "Red", "NA", "null", "true", "x" * 12, "y" * 64, "é" * 40]
"""Words such as a category has, some of them of the lengths at which a key is made in another way."""


def string(rng: random.Random) -> Written:
    """Return a string, mostly one that is a text."""
    kind = rng.random()
    if kind < 0.01:
        return Written(rng.choice(_NO_STRINGS), is_json=False)
    if kind < 0.03:
        return Written(f'"{rng.choice(_HALVES)}"')
    return spelled(rng, rng.choice(_TEXTS) if kind < 0.6 else _drawn(rng))


def spelled(rng: random.Random, text: str) -> Written:
    """Return a string that means a text, written in one of the ways there are."""
    share = rng.choice([0, 0, 0.3, 1])
    return Written('"' + "".join(_character(rng, each, share) for each in text) + '"', text)


def _drawn(rng: random.Random) -> str:
    drawn = [rng.choice([rng.choice(_CHARACTERS), rng.choice(_ESCAPED)[1]]) for _ in range(rng.randint(0, 5))]
    return "".join(drawn)


def _character(rng: random.Random, character: str, share: float) -> str:
    """Return one character as it is where that may be, or as an escape."""
    must = character < " " or character in '"\\'
    if not must and rng.random() >= share:
        return character
    short = [written for written, meant in _ESCAPED if meant == character]
    if short and rng.random() < 0.5:
        return rng.choice(short)
    units = character.encode("utf-16-be")
    form = rng.choice(["\\u%04x", "\\u%04X"])
    return "".join(form % int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
