"""How a CSV file is written beyond its delimiter and its quotes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """What the CSV files of a run have in common.

    Attributes:
        escape: what makes the character behind it an ordinary one; None for nothing.
        decimal: what is between a number and its fraction; None for a point, unless the file looks otherwise.
        thousands: what groups the digits of a number; None for nothing.
        trim: whether blanks around a text are no part of it, and may be before a quote.
        skip_rows: lines before the header that are no part of the table.
        comment: what a line begins with that is no part of the table; None for no such line.
        is_quote_chosen: whether the caller says how cells are quoted, so that nothing else is suspected.
    """

    escape: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    trim: bool = False
    skip_rows: int = 0
    comment: str | None = None
    is_quote_chosen: bool = False


DEFAULT_DIALECT = CsvDialect()
