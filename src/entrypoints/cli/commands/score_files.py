"""`foreseen score`: the files, the progress and the exit code around a scoring run."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from foreseen.domain.tables.reject_limit import RejectLimit
from foreseen.domain.tables.table import PieceKeeper, Sink, TableEncoder, TableReader
from foreseen.entrypoints.batch.pace import Pace
from foreseen.entrypoints.batch.score_table import score
from foreseen.entrypoints.cli.options.recorded_options import flags_of_forms
from foreseen.entrypoints.cli.process.command_log import start_logging
from foreseen.entrypoints.cli.process.exit_codes import OK, SOME_REJECTED, SignalledError
from foreseen.entrypoints.cli.run.progress_display import shown_progress
from foreseen.entrypoints.cli.run.run_files import STANDARD, size_of
from foreseen.entrypoints.cli.run.run_report import RunReport, sum_up
from foreseen.entrypoints.cli.run.run_results import FileResults, StreamResults
from foreseen.entrypoints.cli.run.score_job import Job
from foreseen.entrypoints.cli.run.standard_streams import shown_name, standard_input
from foreseen.entrypoints.cli.run.start_checks import check_start, check_streamed, is_sent, is_streamed, listed
from foreseen.entrypoints.cli.run.stop_signals import leave_on_sigterm, stopping
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.process_memory import prepare_for_files
from foreseen.settings import Settings, SettingsError
from foreseen.wiring.files import (
    InputDigest,
    RunOrigin,
    SourceDigests,
    is_stream,
    layout_of,
    places,
    source_digests,
    why_once,
)
from foreseen.wiring.predictors import abandon_model, load_for_files
from foreseen.wiring.scoring import Scoring, opened_run, wire_scoring

if TYPE_CHECKING:
    from foreseen.wiring.model_loading import ModelProcess


def score_files(settings: Settings, job: Job, out: TextIO, process: "ModelProcess | None" = None) -> int:
    """Score files into an output that appears only when it is complete; return the exit code.

    Args:
        process: a process that is loading the model; None to load it in this one.
    Raises:
        ForeseenError: the run failed.
        SignalledError: a signal stopped the run where another run can resume.
    """
    start_logging(settings)
    is_auto = not settings.is_cache_chosen
    if is_auto:
        settings = settings.model_copy(update={"cache": "auto"})
    check_start(job)
    leave_on_sigterm()
    with RunReport(settings, job.summary) as report:
        job = replace(job, files=listed(job.files, output=job.output))
        can_be_resumed = _can_be_resumed(job)
        with _results(job, out) as results:
            digests = source_digests(job.files.sources) if can_be_resumed else None
            scoring = _scoring(settings, job, is_auto=is_auto, process=process)
            prepare_for_files()
            report.begin(scoring)
            _score_into(results, scoring, job, report, digests)
        sum_up(report.summary(), path=job.summary, how=job.progress, rejects=results.rejects)
    return SOME_REJECTED if report.scored.rejected else OK


def _scoring(settings: Settings, job: Job, *, is_auto: bool, process: "ModelProcess | None") -> Scoring:
    predictor = load_for_files(settings, jobs=job.jobs, process=process)
    settings = cache_what_repeats(settings, predictor.info.determinism)
    return wire_scoring(settings, predictor, jobs=job.jobs, is_auto=is_auto)


def _score_into(
    results: FileResults | StreamResults,
    scoring: Scoring,
    job: Job,
    report: RunReport,
    digests: SourceDigests | None,
) -> None:
    with _reader(scoring, job) as reader:
        encoder = scoring.tables.encoder(
            reader.schema,
            path=job.output,
            name=shown_name(job.output, "standard output"),
            form=job.files.output,
            columns=job.files.columns,
        )
        origin = None if digests is None else lambda: origin_of(scoring, job, digests())
        sink = results.sink(encoder, origin, scoring.tables.notices)
        report.go_on(sink.scored)
        _run(scoring, reader, encoder, sink, job, report, can_be_resumed=digests is not None, leave=results.leave)
    if digests:
        digests.check()


def _reader(scoring: Scoring, job: Job) -> AbstractContextManager[TableReader]:
    files = job.files
    return scoring.tables.opened(
        files.sources,
        standard_input=standard_input(),
        form=files.input,
        keep=files.columns.keep,
        has_types=layout_of(job.output, form=files.output).has_types,
    )


def _can_be_resumed(job: Job) -> bool:
    """Return whether an interrupted run could be resumed: not if it reads or writes a stream.

    Raises:
        SettingsError: it could not, and `--resume` was given.
    """
    read = [(source, "standard input", "input") for source in job.files.sources]
    for given, standard, what in (
        *read,
        (job.output, "standard output", "output"),
        (job.rejects or "", "", "rejects"),
    ):
        is_streaming = bool(given) and (given == STANDARD or is_stream(Path(given)))
        why = why_once(given, is_read=what == "input") if given and not is_streaming else ""
        if is_streaming or why:
            if job.resume:
                got = shown_name(given, standard) + (f", {why}" if why else "")
                raise SettingsError(f"--resume: expected a file as {what}, got {got}")
            return False
    return True


def _results(job: Job, out: TextIO) -> FileResults | StreamResults:
    rejects = job.rejects
    if not is_streamed(job.output) and not (rejects and is_sent(rejects)):
        inputs = [Path(source) for source in job.files.sources if source != STANDARD]
        written = places(Path(job.output), Path(rejects) if rejects else None, inputs=inputs)
        return FileResults(written, force=job.force, resume=job.resume)
    rejects = check_streamed(job)
    return StreamResults(job.output, rejects, out, is_rejects_named=job.rejects is not None)


def origin_of(scoring: Scoring, job: Job, inputs: Sequence[InputDigest]) -> RunOrigin:
    """Return the origin of a run: exactly what can change a byte of its output."""
    info, settings = scoring.tables.info, scoring.settings
    options = {
        "--outputs": ",".join(info.output_names),
        "--rows-per-call": str(settings.rows_per_call),
        "--rejects": job.rejects or "",
        **flags_of_forms(job.files.input, job.files.output, job.files.columns),
        "foreseen of version": version("foreseen"),
        "pyarrow of version": version("pyarrow"),
    }
    return RunOrigin(inputs=tuple(inputs), model=info.namespace.hex(), options=options)


class _Kept(Sink, PieceKeeper, Protocol):
    """A sink of files, from which a run can resume."""

    @property
    def is_whole(self) -> bool: ...


def _run(
    scoring: Scoring,
    reader: TableReader,
    encoder: TableEncoder,
    sink: Sink,
    job: Job,
    report: RunReport,
    *,
    can_be_resumed: bool,
    leave: Callable[[], None],
) -> None:
    """Score what is not scored yet.

    Args:
        leave: called when the run has ended, to stop waiting for readers of the output.

    Raises:
        SignalledError: a signal stopped the run where another run can resume.
    """
    limited: Sink = sink if job.max_rejects is None else RejectLimit(sink, job.max_rejects)
    kept = cast("_Kept", sink)  # it is one if the run can be resumed
    if can_be_resumed and kept.is_whole:
        return
    if not can_be_resumed:
        asyncio.run(_score(scoring, reader, encoder, limited, job, report, leave=leave))
        return
    with stopping() as stop:
        asyncio.run(_score(scoring, reader, encoder, limited, job, report, leave=leave, keeper=kept, should_stop=stop))
    if stop.is_heeded:
        scored = report.scored
        raise SignalledError(f"interrupted after {scored.rows + scored.rejected:,} rows", stop.signum)


async def _score(
    scoring: Scoring,
    reader: TableReader,
    encoder: TableEncoder,
    sink: Sink,
    job: Job,
    report: RunReport,
    *,
    leave: Callable[[], None],
    keeper: PieceKeeper | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    settings = scoring.settings
    async with opened_run(scoring) as predict:
        # With calls of any size, answers may depend on the size; so it must be that of the chunk, the same in each run.
        pace = None if settings.rows_per_call == 0 else Pace.of(predict.predictor.info, predict.tally)
        size = size_of(job.files.sources)
        with shown_progress(predict, reader, size, how=job.progress, before=sink.scored) as progress:
            try:
                await score(
                    predict,
                    reader,
                    encoder,
                    sink,
                    progress=report.following(progress),
                    at_once=scoring.at_once,
                    should_stop=should_stop,
                    policy=job.policy,
                    pace=pace,
                    keeper=keeper,
                )
            except BaseException:
                leave()
                abandon_model(scoring.predictor)  # its answers are not needed any more
                raise
