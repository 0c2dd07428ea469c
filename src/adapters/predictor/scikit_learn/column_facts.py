"""ColumnFacts: what a fitted model tells of one of its columns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What a model tells of one column.

    Attributes:
        is_string: it was fitted on strings here.
        takes_missing: a part made for missing values stands in front of everything that would choke on one.
        example: a value it was fitted on, where it keeps one; else None.
        missing_is_none: a missing value was None where it was fitted, not NaN; to scikit-learn they are two.
    """

    is_string: bool = False
    takes_missing: bool = False
    example: object = None
    missing_is_none: bool = False
