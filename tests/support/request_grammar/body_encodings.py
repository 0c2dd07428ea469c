"""The bytes of a body: mostly UTF-8, whole, with nothing behind it."""

import random

_BOM = b"\xef\xbb\xbf"
_TAILS = (b",", b"}", b"null", b" x", b"\0", b"{}", _BOM)


def encoded(rng: random.Random, text: str) -> tuple[bytes, bool, bool]:
    """Return the bytes of a text, whether they are it, and whether nothing is before it."""
    whole, kind = text.encode(), rng.random()
    if kind > 0.06:
        return whole, True, True
    if kind > 0.04:
        return _BOM + whole, True, False
    wrong = [
        text.encode(rng.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32"])),
        whole.replace(b":", b":\xff", 1),
        whole.replace(b'"', b'"\xc3(', 1),
        whole.replace(b'"', b'"\xed\xa0\x80', 1),  # half of a surrogate pair
        whole.replace(b'"', b'"\xc0\xb1', 1),  # a digit in two bytes
        whole[: whole.rindex(b"}")],
        whole + rng.choice(_TAILS),
        _BOM + _BOM + whole,
        b"",
    ]
    return rng.choice(wrong), False, False
