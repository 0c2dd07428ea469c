"""Options for the names of columns, and for the delimiter of the output."""

from typing import Final

import typer
from typer.models import OptionInfo

from foreseen.domain.tables.table_format import OutputColumns
from foreseen.settings import SettingsError

_PANEL: Final = "Files"


def _option(flag: str, metavar: str, said: str) -> OptionInfo:
    option: OptionInfo = typer.Option(flag, metavar=metavar, help=said, rich_help_panel=_PANEL, show_default=False)
    return option


OUTPUT_DELIMITER: OptionInfo = _option(
    "--output-delimiter",
    "CHAR",
    "Separates the cells of OUT. (default: as --delimiter; a tab if its name ends in .tsv)",
)
COLUMNS_AS: OptionInfo = _option("--columns-as", "A=B,…", "Read feature B from column A, if their names differ.")
MODEL_COLUMN: OptionInfo = _option(
    "--model-column", "NAME", "Add a column with the model's name and fingerprint to OUT."
)


def columns_of(
    *, keep: tuple[str, ...] | None, prediction: str, model_column: str | None, model_name: str
) -> OutputColumns:
    """Return which columns are written; raise SettingsError if the name of one is empty."""
    for flag, given in (("--prediction-column", prediction), ("--model-column", model_column)):
        if given == "":
            raise SettingsError(f"{flag}: expected a name, got nothing")
    return OutputColumns(keep, prediction, model_column, model_name if model_column is not None else "")


def output_delimiter_of(given: str | None, *, quote: str) -> str | None:
    """Return the delimiter of the output; raise SettingsError if it is not a character, or is the quote."""
    delimiter = "\t" if given in ("\\t", "tab") else given
    if delimiter is None:
        return None
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in ("\r", "\n", "\0", quote):
        raise SettingsError(f"--output-delimiter: expected one ASCII character that is not the quote, got {given!r}")
    return delimiter


def pairs_of(given: str) -> tuple[tuple[str, str], ...]:
    """Return pairs of a column and its feature; raise SettingsError if a pair is invalid, or a name occurs twice."""
    pairs = []
    for part in given.split(","):
        column, equals, feature = (each.strip() for each in part.partition("="))
        if not (column and equals and feature):
            raise SettingsError(f"--columns-as: expected column=feature, separated by commas, got {part.strip()!r}")
        pairs.append((column, feature))
    for place, what in ((0, "column"), (1, "feature")):
        names = [pair[place] for pair in pairs]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise SettingsError(f"--columns-as: expected each {what} once, got {twice[0]!r} twice")
    return tuple(pairs)
