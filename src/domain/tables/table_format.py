"""Forms of tables: the options of readers and of encoders."""

from dataclasses import dataclass
from typing import Final, Literal

from foreseen.domain.tables.csv_dialect import DEFAULT_DIALECT, CsvDialect
from foreseen.domain.tables.missing_value_words import MISSING_WORDS
from foreseen.domain.tables.row_choice import ALL_ROWS, RowChoice

Format = Literal["csv", "tsv", "parquet", "jsonl", "json", "arrow", "orc", "xlsx"]
READ_ONLY: Final[tuple[Format, ...]] = ("json",)
"""Formats that rows cannot be added to."""


@dataclass(frozen=True, slots=True)
class TableForm:
    """The form of a file.

    Attributes:
        format: None if the file's name says it.
        delimiter: the character between two cells; None for a comma, or the tab of a TSV file.
        quote: the character around a cell that contains a delimiter, a newline or this; empty if there are no quotes.
        encoding: its name in Python.
        missing_words: words that are read as a missing value of a feature that may be missing, besides an empty cell.
        sheet: of a workbook; None for its first.
        dialect: further options of CSV.
        delimiter_of_inputs: of an output, the delimiter if neither its options nor its name say another.
        columns_as: pairs of a column and its feature, if their names differ.
        rows: which rows of an input are read.
    """

    format: Format | None = None
    delimiter: str | None = None
    quote: str = '"'
    encoding: str = "utf-8"
    missing_words: tuple[str, ...] = MISSING_WORDS
    sheet: str | None = None
    dialect: CsvDialect = DEFAULT_DIALECT
    delimiter_of_inputs: str | None = None
    columns_as: tuple[tuple[str, str], ...] = ()
    rows: RowChoice = ALL_ROWS


@dataclass(frozen=True, slots=True)
class OutputColumns:
    """Which columns are written.

    Attributes:
        keep: columns of the input to keep, in its order; None for all.
        prediction: the name of the prediction, from which those of its probabilities are made.
        model_column: the name of a column that says which model it was; None for no such column.
        model_name: the model's name in that column, before the beginning of its fingerprint.
    """

    keep: tuple[str, ...] | None = None
    prediction: str = "prediction"
    model_column: str | None = None
    model_name: str = ""


DEFAULT_FORM = TableForm()
DEFAULT_COLUMNS = OutputColumns()
