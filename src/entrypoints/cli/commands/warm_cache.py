"""`foreseen cache warm`: predicts the rows of files, and stores the predictions in L2."""

import asyncio
import time
from typing import TYPE_CHECKING, Final, TextIO

from foreseen.domain.errors import CacheUnavailableError, ModelUnavailableError
from foreseen.domain.tables.table import Reject, Scored
from foreseen.entrypoints.batch.warm_table import warm
from foreseen.entrypoints.cli.process.command_log import start_logging
from foreseen.entrypoints.cli.process.exit_codes import OK, SOME_REJECTED
from foreseen.entrypoints.cli.run.progress_display import shown_progress
from foreseen.entrypoints.cli.run.progress_style import Progression
from foreseen.entrypoints.cli.run.run_files import Files, size_of
from foreseen.entrypoints.cli.run.run_report import show_notices
from foreseen.entrypoints.cli.run.standard_streams import standard_input
from foreseen.entrypoints.cli.run.start_checks import listed
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.operator_lines import write_line
from foreseen.entrypoints.process_memory import prepare_for_files
from foreseen.settings import TIERS, Settings, SettingsError
from foreseen.wiring.instruments import SharedCache, shared_cache
from foreseen.wiring.predictors import load_for_files
from foreseen.wiring.scoring import Scoring, opened_run, wire_scoring

if TYPE_CHECKING:
    from foreseen.wiring.model_loading import ModelProcess

_SHARED: Final = " or ".join(name for name, tiers in TIERS.items() if tiers.has_l2)
"""Values of the setting `cache` with L2, in which predictions outlive this process."""


def warm_cache(
    settings: Settings,
    files: Files,
    out: TextIO,
    *,
    jobs: int | None,
    progress: Progression,
    process: "ModelProcess | None" = None,
) -> int:
    """Store predictions for the rows of files in L2, and print how many; return the exit code.

    Args:
        jobs: concurrent model calls; None for as many as the model allows.
        process: a process that is loading the model; None to load it in this one.
    Raises:
        SettingsError: the settings choose a cache without L2.
        CacheUnavailableError: L2 was disabled, at the start or meanwhile.
        ModelUnavailableError: the model cannot be loaded, or is not deterministic.
        TableError, PredictionError: the rows cannot be read or predicted.
    """
    start_logging(settings)
    if settings.is_cache_chosen and not settings.tiers.has_l2:
        raise SettingsError(
            f"--cache: expected {_SHARED}, got {settings.tiers.name}, whose entries end with this process"
        )
    settings = settings.model_copy(update={"cache": "redis"})
    files = listed(files)
    predictor = load_for_files(settings, jobs=jobs, process=process, calls_for="warming")
    settings = cache_what_repeats(settings, predictor.info.determinism)
    prepare_for_files()
    if not settings.tiers.has_any:
        raise ModelUnavailableError(f"{settings.model}: expected a deterministic model")
    scoring = wire_scoring(settings, predictor, jobs=jobs)
    started = time.perf_counter()
    scored, first = asyncio.run(_run(scoring, files, progress))
    tally, missed = scoring.predict.tally, scoring.left_out
    seconds, stored = time.perf_counter() - started, tally.model_rows - missed
    print(
        f"{scored.rows:,} rows in {seconds:.1f} s: {stored:,} computed and stored, "
        f"{tally.hits_l2:,} already stored, {scored.rejected:,} rejected",
        file=out,
    )
    show_notices(scoring.tables.notices.listed())
    if missed:
        write_line(f"{missed:,} predictions were not stored: the cache has no room for them", level="warning")
    if first is not None:
        place = f"{first.source}: line {first.line}" + (f", column {first.column}" if first.column else "")
        write_line(f"first rejected row: {place}: {first.reason}", level="warning")
    return SOME_REJECTED if scored.rejected else OK


async def _run(scoring: Scoring, files: Files, how: Progression) -> tuple[Scored, Reject | None]:
    async with opened_run(scoring) as predict:
        _require_use(scoring)
        with (
            scoring.tables.opened(
                files.sources,
                standard_input=standard_input(),
                form=files.input,
                keep=files.columns.keep,
                has_types=False,
            ) as reader,
            shown_progress(predict, reader, size_of(files.sources), how=how, before=Scored()) as progress,
        ):
            warmed = await warm(predict, reader, progress=progress, at_once=scoring.at_once)
        _require_use(scoring)
    return warmed


def _require_use(scoring: Scoring) -> None:
    """Raise CacheUnavailableError if L2 is disabled, or was at any time."""
    state = shared_cache(scoring.caches)
    now = state() if state else SharedCache(is_in_use=False, disabled_by="there is none", outages=0)
    if not now.is_in_use or now.outages:
        raise CacheUnavailableError(f"the shared cache was disabled, so not everything is stored: {now.disabled_by}")
