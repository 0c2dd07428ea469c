"""Recognises text in an encoding of several bytes per character, by its first bytes."""

from typing import Final

_MARKS: Final = ((b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FEWEST_BYTES: Final = 8
_LOOKED_AT_BYTES: Final = 64


def wide_encoding(head: bytes) -> str:
    """Return the encoding of a text whose beginning cannot be UTF-8; empty for any other.

    Without a mark it is recognised by the zeros that the first letters have in UTF-16, but no text in UTF-8 has.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    start = head[: min(len(head), _LOOKED_AT_BYTES) & ~1]
    if len(start) < _FEWEST_BYTES:
        return ""
    for encoding, letters, zeros in (("utf-16-le", start[::2], start[1::2]), ("utf-16-be", start[1::2], start[::2])):
        if not any(zeros) and all(letters):
            return encoding
    return ""
