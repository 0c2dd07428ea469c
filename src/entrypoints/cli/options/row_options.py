"""Options for which rows of a file are scored."""

from typing import Final

import typer
from typer.models import OptionInfo

from foreseen.domain.tables.condition_text import read_condition
from foreseen.domain.tables.row_choice import RowChoice, Sample
from foreseen.settings import SettingsError

_PANEL: Final = "Rows"


def _option(flag: str, metavar: str, said: str, *, least: int | None = None) -> OptionInfo:
    option: OptionInfo = typer.Option(
        flag, metavar=metavar, help=said, rich_help_panel=_PANEL, show_default=False, min=least
    )
    return option


WHERE: OptionInfo = _option(
    "--where",
    "CONDITION",
    "Only rows for which this is true: \"price > 10 and kind in ('new', 'used')\". (default: all)",
)
SAMPLE: OptionInfo = _option(
    "--sample", "N|N%", "Only a sample of these: N rows, or about this share of them. (default: all)"
)
SEED: OptionInfo = _option("--seed", "N", "Seed of the sample; another seed draws other rows. (default: 0)", least=0)
LIMIT: OptionInfo = _option("--limit", "N", "Only the first N of these. (default: all)", least=1)
DRY_RUN: OptionInfo = typer.Option(
    "--dry-run",
    help="Score the first rows, show what was found and rejected and how long all would take; write nothing.",
    rich_help_panel=_PANEL,
)
CHUNK_ROWS: OptionInfo = _option(
    "--chunk-rows", "N", "Maximum rows that are read, scored and written at a time. (default: up to 65536)", least=1
)


def row_choice_of(
    where: str | None, sample: str | None, seed: int | None, limit: int | None, chunk_rows: int | None
) -> RowChoice:
    """Return the choice of rows that the options describe.

    Raises:
        SettingsError: an option is invalid, or lacks another.
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
