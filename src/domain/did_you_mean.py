"""The name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MOST_COMPARED: Final = 100
"""Names that one is compared with letter by letter, 4 ms; among more, one that differs by signs and case is found."""

LONGEST_COMPARED: Final = 100
"""Characters of a name that is compared."""


def near_hint(name: str, known: Iterable[str], *, most: float = MOST_COMPARED) -> str:
    """Return "did you mean …?" when one of the known names is near, else nothing; `most` as in `nearest`."""
    near = nearest(name, known, most=most)
    return "" if near is None else f"did you mean {near!r}?"


def nearest(name: str, known: Iterable[str], *, most: float = MOST_COMPARED) -> str | None:
    """Return the known name that is nearest, None where none is near.

    Args:
        most: names that it is compared with letter by letter; any number where they are our own, once at a start.
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
