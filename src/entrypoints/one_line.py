"""One line: text that comes from elsewhere, written so that it can neither end a line nor pass for another."""

from typing import Final

_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

IN_TRACEBACK: Final = "    | "
"""What each line of a traceback begins with: one that a message brings along looks like no line of the log."""


def one_line(text: str) -> str:
    r"""Return a text with each character that is not printable escaped, as Python writes it in literals.

    These are line breaks of every kind (U+2028 and U+0085 too), ESC and the other controls, and the invisible
    characters that change the direction of what follows. A backslash stays as it is: `\n` may be either.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def quoted_lines(text: str) -> str:
    """Return a text of several lines, each of them one that is seen to be a part of it."""
    return "\n".join(IN_TRACEBACK + one_line(line) for line in text.split("\n"))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return _SHORT.get(character) or character.encode("unicode_escape").decode("ascii")
