"""`foreseen score --engine ray`: the same command, its work spread over the machines of a cluster."""

import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from foreseen.container import end_model
from foreseen.domain.errors import TableError
from foreseen.domain.table import Scored
from foreseen.entrypoints.batch.summary import Summary
from foreseen.entrypoints.caching import cache_what_repeats
from foreseen.entrypoints.cli.failures import OK, SOME_REJECTED
from foreseen.entrypoints.cli.files import STANDARD, size_of
from foreseen.entrypoints.cli.job import Job
from foreseen.entrypoints.cli.progress import shown_progress
from foreseen.entrypoints.cli.start_checks import check_start
from foreseen.entrypoints.cli.stopping import Leaving
from foreseen.entrypoints.cli.summing_up import sum_up
from foreseen.entrypoints.logs import configure_logs
from foreseen.entrypoints.ray.engine import ClusterRun
from foreseen.entrypoints.ray.output import PartsFolder
from foreseen.entrypoints.ray.session import check_address, connected, prepare, require_ray
from foreseen.entrypoints.ray.tables import Tables
from foreseen.entrypoints.ray.worker import Plan
from foreseen.scoring import ScoringContainer, scoring_container
from foreseen.settings import Settings, SettingsError

if TYPE_CHECKING:
    from foreseen.model import ModelProcess


def score_on_ray(settings: Settings, job: Job, address: str | None, process: "ModelProcess | None" = None) -> int:
    """Score files into a folder of parts, which is there whole in the end, or not at all; return the exit code.

    Args:
        process: one that loads the model by now; it ends before the work begins, since each worker has its own.
    """
    configure_logs(settings)
    prepare(address)
    require_ray()
    for given in (*job.files.sources, job.output):
        if given == STANDARD:
            raise SettingsError("--engine ray: expected names of files that every machine can open, got -")
    check_address(address)
    is_auto = not settings.is_cache_chosen
    if is_auto:
        settings = settings.model_copy(update={"cache": "auto"})
    container = scoring_container(settings, jobs=job.jobs or 1, is_auto=is_auto, process=process)
    check_start(container, job)
    job = replace(job, files=job.files.listed(container, output=job.output))
    folder = PartsFolder(Path(job.output), job.rejects, force=job.force)
    plan = _plan(container, job, folder, is_auto=is_auto)
    end_model(container.predictor())
    started = time.perf_counter()
    run = ClusterRun(plan, container.predict().tally, max_rejects=job.max_rejects)
    with folder, connected(address) as cores:
        signal.signal(signal.SIGTERM, Leaving())  # after Ray, which takes it for itself
        size = size_of(job.files.sources)
        with shown_progress(container.predict(), run, size, how=job.progress, before=Scored()) as progress:
            run(cores, progress)
        folder.finish(container, run.places, ending=plan.tables.ending)
    seconds = time.perf_counter() - started
    summary = Summary.of(
        container.predict(), run.scored, before=Scored(), seconds=seconds, settings=container.settings()
    )
    summary = replace(summary, decided=run.decided)
    sum_up(summary, container, path=job.summary, how=job.progress, rejects=folder.rejects)
    return SOME_REJECTED if run.scored.rejected else OK


def _plan(container: ScoringContainer, job: Job, folder: PartsFolder, *, is_auto: bool) -> Plan:
    """Look at the model, the inputs and the output before anything is started."""
    files = job.files
    tables = Tables(str(Path.cwd()), files.sources, job.output, files.input, files.output, files.columns)
    predictor = container.predictor()
    schema = tables.schema(container)
    tables.encoder(container, schema)
    taken = {Path(name).resolve() for name in tables.sources}
    for path in (folder.rejects, folder.folder, Path(tables.output)):
        if path.resolve() in taken:
            raise TableError(f"{path}: expected another file to write than the input")
    cache_what_repeats(container)
    return Plan(
        settings=container.settings(),
        tables=tables,
        schema=schema,
        folder=folder.folder,
        info=predictor.info,
        jobs=job.jobs or 1,
        is_auto=is_auto,
        policy=replace(job.policy, has_answered=True),  # a part does not know of those before it
    )
