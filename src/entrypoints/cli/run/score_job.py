"""Job: the files of a scoring run and how to score them, from the command line."""

from dataclasses import dataclass

from foreseen.entrypoints.batch.chunk_answers import FailurePolicy
from foreseen.entrypoints.batch.failures_in_a_row import IN_A_ROW
from foreseen.entrypoints.batch.on_error import OnError
from foreseen.entrypoints.cli.run.progress_style import Progression
from foreseen.entrypoints.cli.run.run_files import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The files of a scoring run, and how to score them. File names may be of this machine or of a store.

    Attributes:
        files: the inputs, their form and that of the output.
        output: the name of the output.
        rejects: the file for rows that cannot be scored; None for one beside the output.
        max_rejects: number of rows that may be rejected; None for any number.
        on_error: how to treat a row on which the model fails.
        force: whether an existing output or unfinished run may be replaced.
        resume: whether to continue an unfinished run.
        jobs: concurrent model calls; None for as many as the model allows.
        progress: how progress is shown.
        summary: the file of the run's summary, as JSON; None for no summary.
    """

    files: Files
    output: str
    rejects: str | None
    max_rejects: int | None
    on_error: OnError
    force: bool
    resume: bool
    jobs: int | None
    progress: Progression
    summary: str | None

    @property
    def policy(self) -> FailurePolicy:
        """How to treat rows on which the model fails; as many consecutive rows may fail as may be rejected."""
        return FailurePolicy(self.on_error, max(IN_A_ROW, self.max_rejects or 0))
