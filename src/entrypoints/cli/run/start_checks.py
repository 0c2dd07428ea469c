"""Checks of a scoring run before its model is loaded, so that it does not fail after the last row."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from foreseen.domain.errors import TableError
from foreseen.entrypoints.cli.run.run_files import STANDARD, Files
from foreseen.entrypoints.cli.run.score_job import Job
from foreseen.wiring.files import (
    is_remote,
    is_stream,
    layout_of,
    listed_sources,
    places,
    try_claim,
    try_folder_of,
    try_output,
    try_rejects,
    try_summary,
)


def listed(files: Files, *, output: str | None = None) -> Files:
    """Return the same with folders replaced by their files; raise TableError for a folder without any."""
    return replace(files, sources=listed_sources(files.sources, output=output))


def check_start(job: Job) -> None:
    """Check that the format of the output is known, and that rejects and the summary can be written.

    Raises:
        TableError: one of them cannot be written, or would replace another file.
    """
    layout_of(job.output, form=job.files.output)
    if job.rejects is not None:
        try_rejects(job.rejects, force=job.force)
    if job.summary is not None:
        try_summary(job.summary, taken=_taken(job), replaces=job.force)


def check_output(job: Job) -> None:
    """Check that a run could write the output, without changing anything.

    Raises:
        TableError: it could not.
    """
    path, rejects = Path(job.output), job.rejects
    if is_streamed(job.output):
        check_streamed(job)
    elif rejects is not None and is_sent(rejects):
        check_streamed(job)
        try_folder_of(path)
    elif not os.path.isdir(path):  # noqa: PTH112 - also for a long name; a folder is for `--engine ray`
        inputs = [Path(source) for source in job.files.sources if source != STANDARD]
        try_claim(places(path, Path(rejects) if rejects else None, inputs=inputs), force=job.force)


def check_streamed(job: Job) -> str | None:
    """Check a run that cannot be resumed; return where its rejects go.

    Raises:
        TableError: it would replace a file without --force, or reads a file that it writes.
    """
    rejects = job.rejects
    if is_remote(job.output):
        try_output(job.output, inputs=job.files.sources, force=job.force)
        if rejects is None:
            rejects = f"{job.output}.rejects.csv"
            try_rejects(rejects, force=job.force)
    output = None if is_streamed(job.output) else job.output
    for path in map(Path, filter(None, (output, rejects))):
        # An open descriptor, such as that of standard error, may be a regular file. isfile is False for long names.
        if os.path.isfile(path) and not is_stream(path) and not job.force:  # noqa: PTH113
            raise TableError(f"{path}: expected a new file, got one that exists; --force replaces it")
    if rejects and os.path.realpath(rejects) in set(map(os.path.realpath, (job.output, *job.files.sources))):
        raise TableError(f"{rejects}: expected a rejects file that is neither an input nor the output")
    return rejects


def is_streamed(output: str) -> bool:
    """Return whether an output is standard output or is sent, so that no later run could append to it."""
    return output == STANDARD or is_sent(output)


def is_sent(name: str) -> bool:
    """Return whether a file is sent to a store or written to a stream, and so never appended to."""
    return is_remote(name) or is_stream(Path(name))


def _taken(job: Job) -> Sequence[str]:
    """Return the files that a run reads or writes, including its unfinished ones."""
    read = [source for source in job.files.sources if source != STANDARD]
    named = [name for name in (job.output, job.rejects) if name is not None and name != STANDARD]
    if job.output == STANDARD or any(map(is_remote, named)):
        return [*read, *named]
    written = places(Path(job.output), Path(job.rejects) if job.rejects else None, inputs=())
    return [*read, *map(str, (written.out, written.rejects, *written.unfinished, written.journal))]
