"""What of a scoring run can be tried before the model is loaded, so that nothing of it fails after the last row."""

import os
from collections.abc import Sequence
from pathlib import Path

from foreseen.domain.errors import TableError
from foreseen.entrypoints.cli.run.run_files import STANDARD
from foreseen.entrypoints.cli.run.score_job import Job
from foreseen.wiring.scoring import ScoringContainer


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
    path, rejects = Path(job.output), job.rejects
    if is_streamed(container, job.output):
        check_streamed(container, job)
    elif rejects is not None and is_sent(container, rejects):
        check_streamed(container, job)
        container.try_file(path)
    elif not os.path.isdir(path):  # noqa: PTH112 - also of a name too long; a folder is for parts, of `--engine ray`
        inputs = [Path(source) for source in job.files.sources if source != STANDARD]
        container.try_claim(container.places(path, rejects and Path(rejects), inputs=inputs), force=job.force)


def check_streamed(container: ScoringContainer, job: Job) -> str | None:
    """See to it that a run which cannot be gone on with replaces nothing unasked; return where its rejects go.

    Raises:
        TableError: it would, or reads what it writes.
    """
    rejects = job.rejects
    if container.is_remote(job.output):
        container.try_output(job.output, inputs=job.files.sources, force=job.force)
        if rejects is None:
            rejects = f"{job.output}.rejects.csv"
            container.try_rejects(rejects, force=job.force)
    output = None if is_streamed(container, job.output) else job.output
    for path in map(Path, filter(None, (output, rejects))):
        # What is open, as standard error is, may be a file as well; isfile also of a name too long.
        if os.path.isfile(path) and not container.is_stream(path) and not job.force:  # noqa: PTH113
            raise TableError(f"{path}: expected a new file, got one that exists; --force replaces it")
    if rejects and os.path.realpath(rejects) in set(map(os.path.realpath, (job.output, *job.files.sources))):
        raise TableError(f"{rejects}: expected another file for rejected rows than the inputs and the output")
    return rejects


def is_streamed(container: ScoringContainer, output: str) -> bool:
    """Return whether an output is written as its rows come, or sent: no later run could add to it."""
    return output == STANDARD or is_sent(container, output)


def is_sent(container: ScoringContainer, name: str) -> bool:
    """Return whether a file is written at once or as a whole, and never added to."""
    return bool(container.is_remote(name) or container.is_stream(Path(name)))


def _taken(container: ScoringContainer, job: Job) -> Sequence[str]:
    """Return the files that a run reads or writes, those included that it writes under other names first."""
    read = [source for source in job.files.sources if source != STANDARD]
    named = [name for name in (job.output, job.rejects) if name is not None and name != STANDARD]
    if job.output == STANDARD or any(map(container.is_remote, named)):
        return [*read, *named]
    places = container.places(Path(job.output), job.rejects and Path(job.rejects), inputs=())
    return [*read, *map(str, (places.out, places.rejects, *places.unfinished, places.journal))]
