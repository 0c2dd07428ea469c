"""How columns are called and separated, in and out: what the command line says of them beside the files' form."""

from typing import Any, Final

import typer

from foreseen.domain.tables.table_format import OutputColumns
from foreseen.settings import SettingsError

_PANEL: Final = "Files"


def _option(flag: str, metavar: str, said: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=said, rich_help_panel=_PANEL, show_default=False)


OUTPUT_DELIMITER: Any = _option(
    "--output-delimiter",
    "CHAR",
    "Between two cells of OUT. (default: as --delimiter; a tab where its name ends in .tsv)",
)
COLUMNS_AS: Any = _option("--columns-as", "A=B,…", "Read feature B from the column A, where their names differ.")
MODEL_COLUMN: Any = _option("--model-column", "NAME", "A column more in OUT: the model's name and fingerprint.")


def columns_of(
    *, keep: tuple[str, ...] | None, prediction: str, model_column: str | None, model_name: str
) -> OutputColumns:
    """Return which columns are written; raise SettingsError where one has no name."""
    for flag, given in (("--prediction-column", prediction), ("--model-column", model_column)):
        if given == "":
            raise SettingsError(f"{flag}: expected a name, got nothing")
    return OutputColumns(keep, prediction, model_column, model_name if model_column is not None else "")


def output_delimiter_of(given: str | None, *, quote: str) -> str | None:
    """Return the delimiter of the output; raise SettingsError if it is no character, or the quote."""
    delimiter = "\t" if given in ("\\t", "tab") else given
    if delimiter is None:
        return None
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in ("\r", "\n", "\0", quote):
        raise SettingsError(f"--output-delimiter: expected one ASCII character that is not the quote, got {given!r}")
    return delimiter


def pairs_of(given: str) -> tuple[tuple[str, str], ...]:
    """Return pairs of a column and the feature that it is; raise SettingsError if one is none, or is there twice."""
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
