"""Options for the files that a run reads and writes, and for their formats."""

import codecs
import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast, get_args

import typer
from typer.models import ArgumentInfo, OptionInfo

from foreseen.domain.tables.file_urls import local_path
from foreseen.domain.tables.table_format import READ_ONLY, Format, OutputColumns, TableForm
from foreseen.settings import SettingsError

STANDARD: Final = "-"
"""The name of standard input and standard output."""

_FORMATS: Final = get_args(Format)
WRITTEN: Final = tuple(each for each in _FORMATS if each not in READ_ONLY)
_PANEL: Final = "Files"

INPUTS: ArgumentInfo = typer.Argument(
    metavar="INPUT...",
    help="Files and folders to read: CSV, TSV, Parquet, JSON, Arrow, ORC or Excel, compressed or not; "
    "'day-*.csv' stands for all that match, - for standard input.",
    show_default=False,
)
OUTPUT: OptionInfo = typer.Option(
    "--output",
    "-o",
    metavar="OUT",
    help="File to write, in any of these formats, text in UTF-8; - for standard output.",
)


def _option(flag: str, metavar: str, help_text: str) -> OptionInfo:
    option: OptionInfo = typer.Option(flag, metavar=metavar, help=help_text, rich_help_panel=_PANEL, show_default=False)
    return option


INPUT_FORMAT: OptionInfo = _option(
    "--format",
    "FORMAT",
    "Format of INPUT, if its name and first bytes do not show it: csv, tsv, parquet, jsonl, json, arrow, orc or xlsx.",
)
OUTPUT_FORMAT: OptionInfo = _option(
    "--output-format", "FORMAT", "Format of OUT: csv, tsv, parquet, jsonl, arrow, orc or xlsx."
)
SHEET: OptionInfo = _option("--sheet", "NAME", "Sheet of a workbook. (default: its first)")
ENCODING: OptionInfo = _option("--encoding", "NAME", "Encoding of INPUT, such as utf-16 or cp1252. (default: utf-8)")
NA: OptionInfo = _option(
    "--na",
    "WORDS",
    "Words that mean a missing value, in features that may be missing; '' for none but an empty cell. "
    "(default: those of pandas, such as NA and null)",
)
KEEP: OptionInfo = _option(
    "--keep", "A,B,…", "Columns of INPUT to write beside the prediction; '' for none. (default: all)"
)
PREDICTION_COLUMN: OptionInfo = _option("--prediction-column", "NAME", "Name of the prediction. (default: prediction)")


@dataclass(frozen=True, slots=True)
class Files:
    """The files that a run reads and writes.

    Attributes:
        sources: names of the inputs, at least one, in the order in which they are read.
        input, output: the forms of the inputs and of the output.
        columns: which columns are written.
    """

    sources: tuple[str, ...]
    input: TableForm
    output: TableForm
    columns: OutputColumns


def size_of(sources: Sequence[str]) -> int:
    """Return the total size of the inputs, bytes; 0 if it is unknown, as for a pipe."""
    paths = [Path("/dev/stdin") if source == STANDARD else Path(source) for source in sources]
    return sum(path.stat().st_size for path in paths) if all(path.is_file() for path in paths) else 0


def sources_of(inputs: Sequence[str]) -> tuple[str, ...]:
    """Return the input files, each once, with patterns that no shell has expanded replaced by their matches.

    Raises:
        SettingsError: a pattern matches nothing, a name is empty, or standard input is named twice.
    """
    found: dict[str, None] = {}
    for given in inputs:
        if not given:
            raise SettingsError("INPUT: expected the name of a file, got nothing")
        if given in found and given == STANDARD:
            raise SettingsError("INPUT: expected - once, got it twice")
        is_url = "://" in given or local_path(given) != given
        is_named = os.path.exists(given)  # noqa: PTH110 - returns False where a Path would raise
        if given == STANDARD or is_url or is_named or not glob.has_magic(given):
            found[given] = None
            continue
        matches = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 - a Path has no absolute patterns
        if not matches:
            raise SettingsError(f"INPUT: expected files like {given}, got none")
        found |= dict.fromkeys(matches)
    return tuple(found)


def format_of(flag: str, given: str | None, known: Sequence[str] = _FORMATS) -> Format | None:
    """Return a format; raise SettingsError if it is unknown."""
    if given is not None and given not in known:
        raise SettingsError(f"{flag}: expected {', '.join(known[:-1])} or {known[-1]}, got {given!r}")
    return cast("Format | None", given)


def encoding_of(given: str) -> str:
    """Return Python's name of an encoding; raise SettingsError if it is not a text encoding."""
    try:
        codec = codecs.lookup(given)
        if not isinstance(codec.incrementaldecoder().decode(b""), str):  # such as hex, which decodes to bytes
            raise LookupError
    except (LookupError, TypeError, AttributeError):
        raise SettingsError(
            f"--encoding: expected one such as utf-8, utf-16, latin-1 or cp1252, got {given!r}"
        ) from None
    return codec.name


def names_of(given: str) -> tuple[str, ...]:
    """Return names that are separated by commas, without blanks around them and without empty ones."""
    return tuple(name for name in (part.strip() for part in given.split(",")) if name)
