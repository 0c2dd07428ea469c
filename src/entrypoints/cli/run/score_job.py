"""Job: what is to be scored into what, from the command line."""

from dataclasses import dataclass

from foreseen.entrypoints.batch.chunk_answers import FailurePolicy
from foreseen.entrypoints.batch.failures_in_a_row import IN_A_ROW
from foreseen.entrypoints.batch.on_error import OnError
from foreseen.entrypoints.cli.run.progress_style import Progression
from foreseen.entrypoints.cli.run.run_files import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be scored into what.

    Attributes:
        files: what is read, and the forms of it and of the output.
        output: the name of a file, on this machine or in a store, as those of rejects and of the summary.
        rejects: the file of rows that cannot be scored; None for one beside the output.
        max_rejects: rows that may be rejected; None for any number.
        on_error: what becomes of a row on which the model fails.
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
        """How to treat rows on which the model fails; as many may fail in a row as may be rejected."""
        return FailurePolicy(self.on_error, max(IN_A_ROW, self.max_rejects or 0))
