"""How CSV is written, as the command line says it."""

from typing import Any, Final

import typer

from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.settings import SettingsError

_PANEL: Final = "CSV"
_NO_QUOTE: Final = "none"
_NUMERIC: Final = "0123456789+-eE"


def _option(flag: str, metavar: str | None, text: str, **more: Any) -> Any:
    return typer.Option(flag, metavar=metavar, help=text, rich_help_panel=_PANEL, show_default=False, **more)


DELIMITER: Any = _option(
    "--delimiter",
    "CHAR",
    "Between two cells of INPUT. (default: a comma; a tab for TSV)",
)
QUOTE: Any = _option(
    "--quote", "CHAR", 'Around cells that need it, in all files; none where quotes mean nothing. (default: ")'
)
ESCAPE: Any = _option(
    "--escape",
    "CHAR",
    r"Before a character that means nothing then, in all files, as \ in MySQL and Spark. (default: none)",
)
DECIMAL: Any = _option(
    "--decimal",
    "CHAR",
    "Before the fraction of a number, in all files. (default: a point, and an error where a comma is likely)",
)
THOUSANDS: Any = _option("--thousands", "CHAR", "Between groups of digits in INPUT. (default: none)")
TRIM: Any = _option("--trim", None, "Blanks around the texts and names of INPUT are no part of them.")
SKIP_ROWS: Any = _option("--skip-rows", "N", "Lines of INPUT before its header. (default: 0)", min=0)
COMMENT: Any = _option("--comment", "CHAR", "What a line of INPUT begins with that is no row. (default: none)")


def quote_of(given: str | None) -> str:
    """Return the quote, nothing for no quotes.

    Raises:
        SettingsError: it is no character.
    """
    if given is None:
        return '"'
    if given == _NO_QUOTE:
        return ""
    check_character("--quote", given, or_else=f", or {_NO_QUOTE}")
    return given


def delimiter_of(given: str | None) -> str | None:
    """Return the delimiter; raise SettingsError if it is no character."""
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
    """Read what was given on the command line.

    Raises:
        SettingsError: it makes no sense.
    """
    for flag, given in (("--escape", escape), ("--comment", comment)):
        if given is not None:
            check_character(flag, given)
    for flag, given in (("--decimal", decimal), ("--thousands", thousands)):
        if given is not None and (len(given) != 1 or given in _NUMERIC or not given.isprintable()):
            raise SettingsError(f"{flag}: expected one character that no number has, got {given!r}")
    if thousands is not None and thousands == (decimal or "."):
        raise SettingsError(f"--thousands: expected another character than before a fraction, got {thousands!r}")
    if escape is not None and escape == quote:
        raise SettingsError(
            f"--escape: expected another character than the quote, got {escape!r}; doubled quotes are read"
        )
    return CsvDialect(escape, decimal, thousands, trim, skip_rows, comment, is_quote_chosen=quote is not None)


def check_character(flag: str, given: str, *, or_else: str = "") -> None:
    """Raise SettingsError for what is not one ASCII character."""
    if len(given) != 1 or not given.isascii() or given in "\r\n\0":
        raise SettingsError(f"{flag}: expected one ASCII character{or_else}, got {given!r}")
