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
        rejects: where rows go that cannot be scored; None for beside the output.
        max_rejects: rows that may be rejected; None for any number.
        on_error: what becomes of a row on which the model fails.
        force: whether an output or an unfinished run that is there may be replaced.
        resume: whether an unfinished run that is there is to be gone on with.
        jobs: calls of the model side by side; None for as many as it may be called with.
        progress: how it is shown how far the run has come.
        summary: where it is written what the run did, as JSON; None for nowhere.
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
        """What becomes of rows on which the model fails: who allows many rejects allows as many in a row."""
        return FailurePolicy(self.on_error, max(IN_A_ROW, self.max_rejects or 0))
