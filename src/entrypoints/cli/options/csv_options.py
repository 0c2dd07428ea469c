"""Options for the dialect of CSV files."""

from typing import Final

import typer
from typer.models import OptionInfo

from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.settings import SettingsError

_PANEL: Final = "CSV"
_NO_QUOTE: Final = "none"
_NUMERIC: Final = "0123456789+-eE"


def _option(flag: str, metavar: str | None, text: str, *, least: int | None = None) -> OptionInfo:
    option: OptionInfo = typer.Option(
        flag, metavar=metavar, help=text, rich_help_panel=_PANEL, show_default=False, min=least
    )
    return option


DELIMITER: OptionInfo = _option(
    "--delimiter",
    "CHAR",
    "Separates the cells of INPUT. (default: a comma; a tab for TSV)",
)
QUOTE: OptionInfo = _option(
    "--quote",
    "CHAR",
    'Encloses cells that need it, in all files; none: quotes are ordinary characters. (default: ")',
)
ESCAPE: OptionInfo = _option(
    "--escape",
    "CHAR",
    r"Makes the next character an ordinary one, in all files, like \ in MySQL and Spark. (default: none)",
)
DECIMAL: OptionInfo = _option(
    "--decimal",
    "CHAR",
    "Decimal mark of numbers, in all files. (default: a point, and an error where a comma is likely)",
)
THOUSANDS: OptionInfo = _option("--thousands", "CHAR", "Separates groups of digits in INPUT. (default: none)")
TRIM: OptionInfo = _option("--trim", None, "Remove blanks around the texts and names of INPUT.")
SKIP_ROWS: OptionInfo = _option("--skip-rows", "N", "Lines of INPUT before its header. (default: 0)", least=0)
COMMENT: OptionInfo = _option("--comment", "CHAR", "Begins lines of INPUT that are not rows. (default: none)")


def quote_of(given: str | None) -> str:
    """Return the quote character; empty if quotes are ordinary characters.

    Raises:
        SettingsError: it is not one ASCII character.
    """
    if given is None:
        return '"'
    if given == _NO_QUOTE:
        return ""
    check_character("--quote", given, or_else=f", or {_NO_QUOTE}")
    return given


def delimiter_of(given: str | None) -> str | None:
    """Return the delimiter; raise SettingsError if it is not one ASCII character."""
    delimiter = "\t" if given in ("\\t", "tab") else given
    if delimiter is not None:
        check_character("--delimiter", delimiter)
    return delimiter


def csv_dialect(
    *,
    quote: str | None,
    escape: str | None,
    decimal: str | None,
    thousands: str | None,
    trim: bool,
    skip_rows: int,
    comment: str | None,
) -> CsvDialect:
    """Return the dialect that the options describe.

    Raises:
        SettingsError: an option is invalid, or two conflict.
    """
    for flag, given in (("--escape", escape), ("--comment", comment)):
        if given is not None:
            check_character(flag, given)
    for flag, given in (("--decimal", decimal), ("--thousands", thousands)):
        if given is not None and (len(given) != 1 or given in _NUMERIC or not given.isprintable()):
            raise SettingsError(f"{flag}: expected one character that no number has, got {given!r}")
    if thousands is not None and thousands == (decimal or "."):
        raise SettingsError(f"--thousands: expected another character than the decimal mark, got {thousands!r}")
    if escape is not None and escape == quote:
        raise SettingsError(
            f"--escape: expected another character than the quote, got {escape!r}; doubled quotes are read anyway"
        )
    return CsvDialect(escape, decimal, thousands, trim, skip_rows, comment, is_quote_chosen=quote is not None)


def check_character(flag: str, given: str, *, or_else: str = "") -> None:
    """Raise SettingsError if the value of a flag is not one ASCII character; `or_else` names an alternative."""
    if len(given) != 1 or not given.isascii() or given in "\r\n\0":
        raise SettingsError(f"{flag}: expected one ASCII character{or_else}, got {given!r}")
