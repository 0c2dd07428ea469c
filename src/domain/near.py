"""The name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MOST_COMPARED: Final = 100
"""Names that one is compared with letter by letter, 4 ms; among more, one that differs by signs and case is found."""

LONGEST_COMPARED: Final = 100
"""Characters of a name that is compared."""


def near_hint(name: str, known: Iterable[str], *, most: float = MOST_COMPARED) -> str:
    """Return "did you mean …?" when one of the known names is near, else nothing.

    Args:
        most: names that it is compared with letter by letter; any number where they are our own, once at a start.
    """
    if len(name) > LONGEST_COMPARED:
        return ""
    by_fold = {candidate.casefold(): candidate for candidate in known}
    if len(by_fold) > most:
        meant = {_bare(fold): candidate for fold, candidate in by_fold.items()}.get(_bare(name.casefold()))
        return f"did you mean {meant!r}?" if meant is not None else ""
    near = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f"did you mean {by_fold[near[0]]!r}?" if near else ""


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name))
