"""One line: foreign text, escaped so that it can neither end a line nor imitate one."""

from typing import Final

_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

IN_TRACEBACK: Final = "    | "
"""The beginning of each line of a traceback, so that a line break in its message cannot imitate a line of the log."""


def one_line(text: str) -> str:
    r"""Return a text with each character that is not printable escaped, as Python writes it in literals.

    These are line breaks of every kind (U+2028 and U+0085 too), ESC and other control characters, and the invisible
    ones that change the direction of text. A backslash stays as it is, so `\n` may also be a backslash and an n.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def quoted_lines(text: str) -> str:
    """Return a text of several lines, each escaped and marked as part of it."""
    return "\n".join(IN_TRACEBACK + one_line(line) for line in text.split("\n"))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return _SHORT.get(character) or character.encode("unicode_escape").decode("ascii")
