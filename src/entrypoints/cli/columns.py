"""How columns are called and separated, in and out: what the command line says of them beside the files' form."""

from dataclasses import replace
from typing import Any, Final

import typer

from foreseen.domain.row_choice import RowChoice
from foreseen.domain.table_form import TableForm
from foreseen.entrypoints.cli.files import Files
from foreseen.settings import SettingsError

_PANEL: Final = "Files"


def _option(flag: str, metavar: str, said: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=said, rich_help_panel=_PANEL, show_default=False)


OUTPUT_DELIMITER: Any = _option(
    "--output-delimiter", "CHAR", "Between two cells of OUT. (default: as --delimiter; a tab for TSV)"
)
COLUMNS_AS: Any = _option("--columns-as", "A=B,…", "Features whose columns have other names: column=feature,…")
MODEL_COLUMN: Any = _option("--model-column", "NAME", "A column more in OUT: the model's name and fingerprint.")


def with_columns(
    files: Files,
    *,
    rows: RowChoice,
    output_delimiter: str | None,
    columns_as: str | None,
    model_column: str | None,
    model_name: str,
) -> Files:
    """Return files with what was given on the command line of their rows and columns.

    Raises:
        SettingsError: it makes no sense.
    """
    if model_column == "":
        raise SettingsError("--model-column: expected a name, got nothing")
    pairs = () if columns_as is None else _pairs(columns_as)
    delimiter = files.output.delimiter if output_delimiter is None else _delimiter(output_delimiter, files.output)
    return replace(
        files,
        input=replace(files.input, columns_as=pairs, rows=rows),
        output=replace(files.output, columns_as=pairs, delimiter=delimiter),
        columns=replace(
            files.columns, model_column=model_column, model_name=model_name if model_column is not None else ""
        ),
    )


def _delimiter(given: str, form: TableForm) -> str:
    delimiter = "\t" if given in ("\\t", "tab") else given
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in ("\r", "\n", "\0", form.quote):
        raise SettingsError(f"--output-delimiter: expected one ASCII character that is not the quote, got {given!r}")
    return delimiter


def _pairs(given: str) -> tuple[tuple[str, str], ...]:
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
