"""How a CSV file is written beyond its delimiter and its quotes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """What the CSV files of a run have in common.

    Attributes:
        escape: the character that makes the next one an ordinary character; None for none.
        decimal: the decimal mark; None for a point, unless the file looks otherwise.
        thousands: the separator of groups of digits; None for none.
        trim: whether blanks around a text are not part of it, and may precede a quote.
        skip_rows: lines before the header that are not part of the table.
        comment: the beginning of lines that are not part of the table; None for no such lines.
        is_quote_chosen: whether the caller chose how cells are quoted, so that no other way is suspected.
    """

    escape: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    trim: bool = False
    skip_rows: int = 0
    comment: str | None = None
    is_quote_chosen: bool = False


DEFAULT_DIALECT = CsvDialect()
