"""Which rows of a file are scored: what the command line says of them."""

from typing import Any, Final

import typer

from foreseen.domain.tables.condition_text import read_condition
from foreseen.domain.tables.row_choice import RowChoice, Sample
from foreseen.settings import SettingsError

_PANEL: Final = "Rows"


def _option(flag: str, metavar: str, said: str, **limits: Any) -> Any:
    return typer.Option(flag, metavar=metavar, help=said, rich_help_panel=_PANEL, show_default=False, **limits)


WHERE: Any = _option(
    "--where", "CONDITION", "Only rows of which this holds: \"price > 10 and kind in ('new', 'used')\". (default: all)"
)
SAMPLE: Any = _option(
    "--sample", "N|N%", "Only a sample of these: so many rows, or about this share of them. (default: all)"
)
SEED: Any = _option("--seed", "N", "Another seed draws another sample. (default: 0)", min=0)
LIMIT: Any = _option("--limit", "N", "Only the first N of these. (default: all)", min=1)
DRY_RUN: Any = typer.Option(
    "--dry-run",
    help="Score the first rows and show what was found, what is rejected and how long all would take; write nothing.",
    rich_help_panel=_PANEL,
)
CHUNK_ROWS: Any = _option(
    "--chunk-rows", "N", "Rows that are read, scored and written at a time, at most. (default: up to 65536)", min=1
)


def row_choice_of(
    where: str | None, sample: str | None, seed: int | None, limit: int | None, chunk_rows: int | None
) -> RowChoice:
    """Read what was given on the command line.

    Raises:
        SettingsError: it makes no sense.
    """
    if seed is not None and sample is None:
        raise SettingsError("--seed: expected --sample with it")
    try:
        condition = None if where is None else read_condition(where)
    except ValueError as exc:
        raise SettingsError(f"--where: {exc}") from None
    return RowChoice(condition, None if sample is None else _sample(sample, seed or 0), limit, chunk_rows)


def _sample(given: str, seed: int) -> Sample:
    text = given.strip()
    try:
        if text.isdecimal() and int(text) > 0:
            return Sample(count=int(text), seed=seed)
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        if 0 < share < 1:
            return Sample(share=share, seed=seed)
    except ValueError:
        pass
    raise SettingsError(f"--sample: expected a number of rows such as 1000, or a share such as 5%, got {given!r}")
