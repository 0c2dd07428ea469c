"""`foreseen score --dry-run`: scores the first rows, estimates the time for all, and writes nothing."""

import asyncio
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TextIO

from rich.table import Table

from foreseen.domain.ports import Predictor
from foreseen.domain.tables.table import TableReader
from foreseen.entrypoints.batch.row_count import RowCount, count_rows
from foreseen.entrypoints.batch.trial_run import Trial, try_rows
from foreseen.entrypoints.cli.process.command_log import start_logging
from foreseen.entrypoints.cli.process.exit_codes import OK, SOME_REJECTED
from foreseen.entrypoints.cli.process.printed_tables import print_plainly
from foreseen.entrypoints.cli.run.run_files import STANDARD, size_of
from foreseen.entrypoints.cli.run.run_report import show_notices
from foreseen.entrypoints.cli.run.score_job import Job
from foreseen.entrypoints.cli.run.standard_streams import shown_name, standard_input
from foreseen.entrypoints.cli.run.start_checks import check_output, check_start, listed
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.settings import Settings
from foreseen.wiring.files import layout_of
from foreseen.wiring.predictors import load_for_files
from foreseen.wiring.scoring import Scoring, opened_run, wire_scoring

if TYPE_CHECKING:
    from foreseen.wiring.model_loading import ModelProcess

_FIRST_ROWS: Final = (1_000, 20_000)
"""Rows that are scored: the second number if the first takes too little time for an estimate."""
ENOUGH_S: Final = 0.3
"""Seconds that a trial has to take for an estimate."""


def try_files(settings: Settings, job: Job, out: TextIO, process: "ModelProcess | None" = None) -> int:
    """Score the first rows of files and print the results; return the exit code that a run of them would have.

    Args:
        process: a process that is loading the model; None to load it in this one.
    Raises:
        ForeseenError: the first rows cannot be scored, as in a run.
    """
    start_logging(settings)
    is_auto = not settings.is_cache_chosen
    settings = settings.model_copy(update={"cache": "auto"}) if is_auto else settings
    check_start(job)
    job = replace(job, files=listed(job.files, output=job.output))
    check_output(job)
    predictor = load_for_files(settings, jobs=job.jobs, process=process)
    settings = cache_what_repeats(settings, predictor.info.determinism)
    scoring = wire_scoring(settings, predictor, jobs=job.jobs, is_auto=is_auto)
    trial, columns = asyncio.run(_tried(scoring, job))
    notices = scoring.tables.notices.taken()
    count = _counted(scoring, job)
    print_plainly(out, _columns(predictor, job, columns), "", _facts(trial, count), *_rejects(trial))
    show_notices(notices)
    return SOME_REJECTED if trial.scored.rejected else OK


async def _tried(scoring: Scoring, job: Job) -> tuple[Trial, list[tuple[str, str]]]:
    async with opened_run(scoring) as predict:
        for most in _FIRST_ROWS:
            scoring.tables.notices.taken()  # drops those of the smaller trial
            with _reader(scoring, job, most) as reader:
                encoder = scoring.tables.encoder(
                    reader.schema,
                    path=job.output,
                    name=shown_name(job.output, "standard output"),
                    form=job.files.output,
                    columns=job.files.columns,
                )
                trial = await try_rows(predict, reader, encoder, at_once=scoring.at_once)
                columns = [(field.name, str(field.type)) for field in reader.schema]
            if trial.seconds > ENOUGH_S or trial.rows < most or STANDARD in job.files.sources:
                break
        return trial, columns


def _reader(scoring: Scoring, job: Job, most: int | None) -> AbstractContextManager[TableReader]:
    """Open the files, limited to their first `most` chosen rows; None for all."""
    rows = job.files.input.rows
    limit = min((each for each in (rows.limit, most) if each is not None), default=None)
    form = replace(job.files.input, rows=replace(rows, limit=limit))
    return scoring.tables.opened(
        job.files.sources,
        standard_input=standard_input(),
        form=form,
        keep=job.files.columns.keep,
        has_types=layout_of(job.output, form=job.files.output).has_types,
    )


def _counted(scoring: Scoring, job: Job) -> RowCount | None:
    """Return the number of rows, counted or estimated; None if the input cannot be read twice."""
    size = size_of(job.files.sources)
    if not size or STANDARD in job.files.sources:
        return None
    with _reader(scoring, job, None) as reader:
        return count_rows(reader, size)


def _columns(predictor: Predictor, job: Job, columns: list[tuple[str, str]]) -> Table:
    keep, named = job.files.columns.keep, {feature: column for column, feature in job.files.input.columns_as}
    features = {named.get(each.name, each.name): each for each in predictor.info.signature.features}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("COLUMN", "TYPE", "FEATURE", "WRITTEN"):
        table.add_column(heading, overflow="fold")
    for name, kind in columns:
        feature = features.get(name)
        read_as = f"{feature.name} ({feature.dtype})" if feature is not None else ""
        table.add_row(name, kind, read_as, "yes" if keep is None or name in keep else "no")
    return table


def _facts(trial: Trial, count: RowCount | None) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_row("first rows", f"{trial.rows:,}, {trial.scored.rejected:,} of them rejected")
    for name, value in trial.answer.items():
        facts.add_row(f"first {name}", str(value))
    if count is None:
        facts.add_row("all", "unknown until it is read")
    else:
        about = "" if count.is_exact else "about "
        facts.add_row("all", f"{about}{count.rows:,} rows, about {_duration(_seconds(trial, count))}")
    return facts


def _seconds(trial: Trial, count: RowCount) -> float:
    """Return an estimate for all rows, in seconds; reading and scoring overlap."""
    return count.rows * max(trial.seconds / max(1, trial.rows), count.seconds_a_row)


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{max(1, round(seconds))} s"


def _rejects(trial: Trial) -> list[str | Table]:
    if not trial.rejects:
        return []
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("FILE", "LINE", "COLUMN", "REASON"):
        table.add_column(heading, overflow="fold")
    for one in trial.rejects:
        table.add_row(one.source, str(one.line), one.column, one.reason)
    return ["", table]
