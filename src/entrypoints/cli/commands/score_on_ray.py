"""`foreseen score --engine ray`: the same command, on the machines of a cluster."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from foreseen.domain.errors import TableError
from foreseen.entrypoints.cli.commands.score_files import origin_of
from foreseen.entrypoints.cli.process.command_log import start_logging
from foreseen.entrypoints.cli.process.exit_codes import OK, SOME_REJECTED
from foreseen.entrypoints.cli.process.interruption import Interruption
from foreseen.entrypoints.cli.run.parts_results import PartsResults
from foreseen.entrypoints.cli.run.progress_display import shown_progress
from foreseen.entrypoints.cli.run.run_files import STANDARD, size_of
from foreseen.entrypoints.cli.run.run_report import RunReport, sum_up
from foreseen.entrypoints.cli.run.score_job import Job
from foreseen.entrypoints.cli.run.start_checks import check_start, listed
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.ray.cluster_process import ClusterProcess
from foreseen.entrypoints.ray.cluster_run import ClusterRun
from foreseen.entrypoints.ray.driver.packed_plan import Work
from foreseen.entrypoints.ray.driver.packing import packed
from foreseen.entrypoints.ray.parts.cluster_tables import Tables
from foreseen.entrypoints.ray.parts.part_worker import Plan
from foreseen.entrypoints.ray.parts.parts import PART_BYTES, PART_ROWS
from foreseen.settings import Settings, SettingsError
from foreseen.wiring.files import InputDigest, PartsClaim, RunOrigin, is_remote, source_digests
from foreseen.wiring.predictors import end_model, load_for_files
from foreseen.wiring.run_tables import RunTables
from foreseen.wiring.scoring import Scoring, wire_scoring

if TYPE_CHECKING:
    import pyarrow as pa

    from foreseen.wiring.model_loading import ModelProcess


def score_on_ray(
    settings: Settings,
    job: Job,
    cluster: ClusterProcess,
    interruption: Interruption,
    process: "ModelProcess | None" = None,
) -> int:
    """Score files into a folder of parts that appears only when it is complete; return the exit code.

    Args:
        cluster: is starting already, unless there may be little left to do.
        process: a process that is loading the model; it ends before the work begins, since each worker has its own.
    Raises:
        ForeseenError: the run failed.
        InterruptedRunError: a signal ended the run.
    """
    start_logging(settings)
    for given in (*job.files.sources, job.output):
        if given == STANDARD:
            raise SettingsError("--engine ray: expected names of files that every machine can open, got -")
    is_auto = not settings.is_cache_chosen
    if is_auto:
        settings = settings.model_copy(update={"cache": "auto"})
    _require_folders(job)
    check_start(job)
    with RunReport(settings, job.summary) as report:
        job = replace(job, files=listed(job.files, output=job.output))
        return _RayRun(settings, job, cluster, interruption, report, is_auto=is_auto, process=process)()


def _require_folders(job: Job) -> None:
    """Raise SettingsError if the output cannot be a folder of this machine."""
    for flag, name in (("--output", job.output), ("--rejects", job.rejects)):
        if name is not None and is_remote(name):
            raise SettingsError(f"{flag}: expected a path that every machine can open with --engine ray, got {name}")


class _RayRun:
    def __init__(
        self,
        settings: Settings,
        job: Job,
        cluster: ClusterProcess,
        interruption: Interruption,
        report: RunReport,
        *,
        is_auto: bool,
        process: "ModelProcess | None",
    ) -> None:
        files = job.files
        self._settings = settings
        self._job = job
        self._cluster = cluster
        self._interruption = interruption
        self._report = report
        self._is_auto = is_auto
        self._process = process
        self._tables = Tables(str(Path.cwd()), files.sources, job.output, files.input, files.output, files.columns)

    def __call__(self) -> int:
        """Score what is not scored yet; return the exit code."""
        job, ending, held_back = self._job, self._tables.ending, self._interruption.held_back
        claim = PartsClaim(
            Path(job.output),
            Path(job.rejects) if job.rejects else None,
            ending=ending,
            force=job.force,
            resume=job.resume,
        )
        with (
            PartsResults(claim, ending=ending, held_back=held_back) as results,
            self._cluster as cluster,  # the inner block: its workers have stopped when the results are looked at
        ):
            self._check_apart_from_inputs(claim.folder.output, claim.folder.unfinished, results.rejects)
            if not claim.has_found:
                cluster.start()  # now, as it takes as long as loading the model; a resumed run may not need it
            digests = source_digests(job.files.sources)
            scoring, schema = self._looked_at()
            self._report.begin(scoring)
            results.begin(lambda: self._origin(scoring, digests()))
            run = ClusterRun(
                schema,
                results,
                scoring.predict.tally,
                scoring.tables.notices.writing,
                sources=len(self._tables.sources),
                max_rejects=job.max_rejects,
            )
            self._report.go_on(run.before)
            self._score(scoring, run, cluster, results)
            digests.check()
        summary = replace(self._report.summary(), decided=run.decided)
        sum_up(summary, path=job.summary, how=job.progress, rejects=results.rejects)
        return SOME_REJECTED if run.scored.rejected else OK

    def _check_apart_from_inputs(self, *written: Path) -> None:
        read = set(map(os.path.realpath, self._tables.sources))
        for path in written:
            if os.path.realpath(path) in read:
                raise TableError(f"{path}: expected an output that is not an input")

    def _looked_at(self) -> tuple[Scoring, "pa.Schema"]:
        """Load the model, and check the inputs and the output's form; return the schema of the first input too."""
        jobs = self._job.jobs or 1
        predictor = load_for_files(self._settings, jobs=jobs, process=self._process)
        self._interruption.check()
        tables = RunTables(predictor.info)
        schema = self._tables.schema(tables)
        self._tables.encoder(tables, schema)
        settings = cache_what_repeats(self._settings, predictor.info.determinism)
        return wire_scoring(settings, predictor, jobs=jobs, is_auto=self._is_auto, tables=tables), schema

    def _origin(self, scoring: Scoring, inputs: Sequence[InputDigest]) -> RunOrigin:
        """Return the origin of a run on one machine, with the size of parts."""
        origin = origin_of(scoring, self._job, inputs)
        return replace(origin, options={**origin.options, "part": f"{PART_ROWS} rows, {PART_BYTES} bytes"})

    def _score(self, scoring: Scoring, run: ClusterRun, cluster: ClusterProcess, results: PartsResults) -> None:
        if not (left := run.sources_left):
            return
        size = size_of(self._job.files.sources)
        work = Work(
            packed(self._plan(scoring, run, results)),
            sizes={source: self._tables.size(source) for source in left},
            most_actors=self._tables.most_actors,
            jobs=self._job.jobs,
            is_thread_safe=scoring.tables.info.is_thread_safe,
        )
        end_model(scoring.predictor)  # the workers need its memory
        how = self._job.progress
        with shown_progress(scoring.predict, run, size, how=how, before=run.before) as progress:
            run(cluster.outcomes(work), self._report.following(progress))
        self._interruption.check()

    def _plan(self, scoring: Scoring, run: ClusterRun, results: PartsResults) -> Plan:
        return Plan(
            settings=scoring.settings,
            tables=self._tables,
            schema=run.schema,
            folders=results.folders,
            info=scoring.tables.info,
            is_auto=self._is_auto,
            policy=replace(self._job.policy, has_answered=True),  # perhaps in another part
            done=frozenset(results.done),
        )
