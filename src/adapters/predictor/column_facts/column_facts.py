"""ColumnFacts: what a fitted model says of one of its columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from foreseen.domain.values.signature import DType

MOST_VALUES: Final = 64
"""Values of a column that are kept, to make examples and probes from."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What a model says of one column.

    Attributes:
        dtype: what it was fitted on; None where any number will do, or nothing says.
        form: the dtype it has to have in a frame, where that is another: "category", "object".
        categories: of a "category" column, in the order of their codes.
        is_ordered: whether those are ordered.
        refuses_unknown: whether the model refuses what is no category.
        takes_missing: a part made for missing values is in front of everything that would choke on one.
        missing_is_none: a missing value was None where it was fitted, not NaN; to scikit-learn they are two.
        values: some that it was fitted on, as JSON writes them.
        known: all texts and numbers that an encoder knows; None where nothing says.
        hints: values that a part behind opaque code knows: what that code makes of the column's.
        example: a value to show that it was not necessarily fitted on.
        origin: the part that says so.
        is_opaque: code that says nothing of what it wants sees the column.
        is_dropped: nothing sees the column.
        is_doubtful: whether it is a category at all, or has these categories, was concluded and may be wrong.
    """

    dtype: DType | None = None
    form: str | None = None
    categories: tuple[object, ...] = ()
    is_ordered: bool = False
    refuses_unknown: bool = False
    takes_missing: bool = False
    missing_is_none: bool = False
    values: tuple[object, ...] = ()
    known: frozenset[object] | None = None
    hints: tuple[object, ...] = ()
    example: object = None
    origin: str = ""
    is_opaque: bool = False
    is_dropped: bool = False
    is_doubtful: bool = False

    @property
    def doubt(self) -> str:
        """What an operator should know of a doubtful category; nothing where another reading cannot answer wrongly.

        Texts are refused by any other column, and numbers that are their own codes are answered the same.
        """
        is_text = self.dtype == "string"
        if not self.is_doubtful or is_text or self.categories == tuple(range(len(self.categories))):
            return ""
        known = ", ".join(map(repr, self.categories[:5])) + (", …" if len(self.categories) > 5 else "")
        return (
            f"taken as the pandas category of {known}, but another column may have been that; declare both in the "
            'sidecar: dtype = "category" and categories = […] for the one, its own dtype for the other'
        )


def joined(found: Sequence[ColumnFacts]) -> ColumnFacts:
    """Join what several parts say of one column: all of them have to take a missing value."""
    if len(found) == 1:
        return found[0]
    seen = [facts for facts in found if not facts.is_dropped]
    if not seen:
        return ColumnFacts(is_dropped=bool(found))
    clearest = max(seen, key=_clarity)
    return replace(
        clearest,
        takes_missing=all(facts.takes_missing for facts in seen),
        missing_is_none=any(facts.missing_is_none for facts in seen),
        known=_known(seen),
        hints=next((facts.hints for facts in seen if facts.hints), ()),
        example=next((facts.example for facts in seen if facts.example is not None), None),
        is_opaque=any(facts.is_opaque for facts in seen),
    )


def then(first: ColumnFacts, later: ColumnFacts, *, is_filled: bool) -> ColumnFacts:
    """Join what parts in a row say of one column.

    Args:
        is_filled: whether the first leaves nothing missing to the later one.
    """
    if later.is_dropped:
        return first
    if first.is_opaque:  # what comes out of a user's code need not be what goes in
        later = ColumnFacts(
            takes_missing=later.takes_missing,
            missing_is_none=later.missing_is_none,
            hints=later.hints or later.values,
            example=later.example,
        )
    clearest = first if _clarity(first) >= _clarity(later) else later
    return replace(
        clearest,
        known=_known([first, later]),
        hints=first.hints or later.hints,
        takes_missing=first.takes_missing if is_filled else later.takes_missing,
        # None that reaches an encoder behind an imputer of NaN was None all along.
        missing_is_none=first.missing_is_none or later.missing_is_none,
        example=first.example if first.example is not None else later.example,
        is_opaque=first.is_opaque or later.is_opaque,
    )


def _known(found: Sequence[ColumnFacts]) -> frozenset[object] | None:
    """Join what encoders know: a word that any of them knows is a value of the column."""
    known = [facts.known for facts in found if facts.known is not None]
    return frozenset().union(*known) if known else None


def _clarity(facts: ColumnFacts) -> tuple[bool, bool, bool]:
    """Rank what is said: a form above a dtype, strings above numbers, a dtype above nothing."""
    return facts.form is not None, facts.dtype == "string", facts.dtype is not None
