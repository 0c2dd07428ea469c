"""The name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MOST_COMPARED: Final = 100
"""Maximum names to compare letter by letter, in 4 ms; among more, only another case or other signs are recognised."""

LONGEST_COMPARED: Final = 100
"""Maximum characters of a name that is compared."""


def did_you_mean(name: str, known: Iterable[str], *, most: float = MOST_COMPARED) -> str:
    """Return "did you mean …?" if a known name is similar, else an empty text; `most` as in `closest_name`."""
    near = closest_name(name, known, most=most)
    return "" if near is None else f"did you mean {near!r}?"


def closest_name(name: str, known: Iterable[str], *, most: float = MOST_COMPARED) -> str | None:
    """Return the most similar known name; None if none is similar.

    Args:
        most: maximum names to compare letter by letter; infinity for names of our own, compared once at a start.
    """
    if len(name) > LONGEST_COMPARED:
        return None
    by_fold = {candidate.casefold(): candidate for candidate in known}
    if len(by_fold) > most:
        return {_bare(fold): candidate for fold, candidate in by_fold.items()}.get(_bare(name.casefold()))
    near = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[near[0]] if near else None


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name))
