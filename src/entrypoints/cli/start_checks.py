"""What of a scoring run can be tried before the model is loaded, so that nothing of it fails after the last row."""

from collections.abc import Sequence
from pathlib import Path

from foreseen.entrypoints.cli.files import STANDARD
from foreseen.entrypoints.cli.job import Job
from foreseen.scoring import ScoringContainer


def check_start(container: ScoringContainer, job: Job) -> None:
    """See to it that the output has a format, and that rejects and the summary can be written.

    Raises:
        TableError: one cannot, or would take the place of another file.
    """
    container.layout(job.output, form=job.files.output)
    if job.rejects is not None:
        container.try_rejects(job.rejects, force=job.force)
    if job.summary is not None:
        container.try_summary(job.summary, taken=_taken(container, job), replaces=job.force)


def check_output(container: ScoringContainer, job: Job) -> None:
    """See to it that the output could be written where a run of these files would begin, and leave no trace.

    Raises:
        TableError: it could not.
    """
    if container.is_remote(job.output):
        container.try_output(job.output, inputs=job.files.sources, force=job.force)
        return
    path, rejects = Path(job.output), job.rejects
    # A folder is for parts, which `--engine ray` writes.
    if job.output == STANDARD or container.is_stream(path) or path.is_dir():
        return
    aside = None if rejects is None or container.is_remote(rejects) or container.is_stream(Path(rejects)) else rejects
    inputs = [Path(source) for source in job.files.sources if source != STANDARD]
    container.try_claim(container.places(path, aside and Path(aside), inputs=inputs), force=job.force)


def _taken(container: ScoringContainer, job: Job) -> Sequence[str]:
    """Return the files that a run reads or writes, those included that it writes under other names first."""
    read = [source for source in job.files.sources if source != STANDARD]
    named = [name for name in (job.output, job.rejects) if name is not None and name != STANDARD]
    if job.output == STANDARD or any(map(container.is_remote, named)):
        return [*read, *named]
    places = container.places(Path(job.output), job.rejects and Path(job.rejects), inputs=())
    return [*read, *map(str, (places.out, places.rejects, *places.unfinished, places.journal))]
