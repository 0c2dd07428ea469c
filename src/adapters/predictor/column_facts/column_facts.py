"""ColumnFacts: what a fitted model records about one of its columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from foreseen.domain.values.signature import DType

MOST_VALUES: Final = 64
"""Maximum number of values kept per column, for examples and probes."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What a fitted model reveals of one column.

    Attributes:
        dtype: what it was fitted on; None if any number will do, or if it is unknown.
        form: the dtype that the column needs in a frame, if that differs from `dtype`: "category", "object".
        categories: of a "category" column, in the order of their codes.
        is_ordered: whether those are ordered.
        rejects_unknown: whether the model rejects values that are not among the categories.
        takes_missing: a part that handles missing values precedes every part that fails on one.
        missing_is_none: missing values were None at fit, not NaN; scikit-learn distinguishes the two.
        values: some of the values that it was fitted on, as JSON writes them.
        known: all texts and numbers that an encoder knows; None if there is no encoder.
        hints: values known to a part behind opaque code: that code's results, not the column's own values.
        example: a value to show; it need not be one that the column was fitted on.
        origin: the part of the model that reveals this.
        is_opaque: the column is passed to code that reveals nothing of what it expects.
        is_dropped: no part uses the column.
        is_doubtful: that it is a category, or has these categories, is inferred and may be wrong.
    """

    dtype: DType | None = None
    form: str | None = None
    categories: tuple[object, ...] = ()
    is_ordered: bool = False
    rejects_unknown: bool = False
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
        """A warning for the operator about a doubtful category; empty if a wrong inference cannot cause wrong answers.

        Any other column rejects texts, and numbers that equal their codes give the same answers.
        """
        is_text = self.dtype == "string"
        if not self.is_doubtful or is_text or self.categories == tuple(range(len(self.categories))):
            return ""
        known = ", ".join(map(repr, self.categories[:5])) + (", …" if len(self.categories) > 5 else "")
        return (
            f"taken as the pandas category of {known}, but another column may have been that; declare both in the "
            'sidecar: dtype = "category" and categories = […] for the one, its own dtype for the other'
        )


def merged_facts(found: Sequence[ColumnFacts]) -> ColumnFacts:
    """Merge what several parts reveal of one column; it accepts missing values only if all of them do."""
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


def chained_facts(first: ColumnFacts, later: ColumnFacts, *, is_filled: bool) -> ColumnFacts:
    """Merge what two consecutive parts reveal of one column.

    Args:
        is_filled: whether the first replaces missing values, so that the later one receives none.
    """
    if later.is_dropped:
        return first
    if first.is_opaque:  # a user's code need not return what it accepts
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
        # An imputer of NaN leaves None as it is: if the encoder behind it knows None, the input had None.
        missing_is_none=first.missing_is_none or later.missing_is_none,
        example=first.example if first.example is not None else later.example,
        is_opaque=first.is_opaque or later.is_opaque,
    )


def _known(found: Sequence[ColumnFacts]) -> frozenset[object] | None:
    """Merge what encoders know: whatever any of them knows is a value of the column."""
    known = [facts.known for facts in found if facts.known is not None]
    return frozenset().union(*known) if known else None


def _clarity(facts: ColumnFacts) -> tuple[bool, bool, bool]:
    """Rank facts: a form above a dtype, strings above numbers, a dtype above nothing."""
    return facts.form is not None, facts.dtype == "string", facts.dtype is not None
