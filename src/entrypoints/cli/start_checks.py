"""What of a scoring run can be tried before the model is loaded, so that nothing of it fails after the last row."""

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
        container.try_folder_of(job.rejects)
    if job.summary is not None:
        container.try_summary(job.summary, taken=_taken(container, job), replaces=job.force)


def _taken(container: ScoringContainer, job: Job) -> list[Path]:
    """Return the files that a run reads or writes, those included that it writes under other names first."""
    paths = [Path(source) for source in job.files.sources if source != STANDARD]
    if job.output == STANDARD:
        return [*paths, *filter(None, [job.rejects])]
    places = container.places(Path(job.output), job.rejects, inputs=())
    return [*paths, places.out, places.rejects, *places.unfinished, places.journal]
