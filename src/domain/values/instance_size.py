"""How large an instance and a call may be: files say in a few bytes that they take billions of values."""

from typing import Final

MOST_COLUMNS: Final = 100_000
"""Columns of a table, each of which is a feature with a name."""

MOST_VALUES: Final = 2**22
"""Values of an instance: more do not fit a request body of 8 MiB, the default."""

MOST_ROWS: Final = 2**16
"""Rows of each call of a model that takes no other number of them."""


def require_few_columns(count: int) -> None:
    """Raise ValueError for more columns than can be described."""
    if count > MOST_COLUMNS:
        raise ValueError(f"expected {MOST_COLUMNS:,} columns at most, got {count:,}")


def require_few_values(count: int) -> None:
    """Raise ValueError for more values of an instance than can be sent."""
    if count > MOST_VALUES:
        raise ValueError(f"expected an instance of {MOST_VALUES:,} values at most, got {count:,}")


def require_few_rows(rows: int | None) -> None:
    """Raise ValueError for a fixed number of rows that no call can have; None is no fixed number."""
    if rows is not None and rows > MOST_ROWS:
        raise ValueError(f"expected a model of {MOST_ROWS:,} rows at most in each call, got {rows:,}")
