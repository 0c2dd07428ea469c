"""The name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def near_hint(name: str, known: Iterable[str]) -> str:
    """Give "did you mean …?" when one of the known names is near, else nothing."""
    by_fold = {candidate.casefold(): candidate for candidate in known}
    near = get_close_matches(name.casefold(), by_fold, n=1, cutoff=0.6)
    return f"did you mean {by_fold[near[0]]!r}?" if near else ""
