"""Predicted: a chunk with its predictions and failures."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from foreseen.domain.tables.table import Chunk, Reject
from foreseen.domain.values.predictions import Predictions
from foreseen.entrypoints.batch.chunk_answers import Answered


@dataclass(frozen=True, slots=True)
class Predicted:
    """A chunk with its predictions and failures.

    Attributes:
        chunk: as it was read.
        answered: the results of its readable rows.
    """

    chunk: Chunk
    answered: Answered = field(default_factory=Answered)

    @property
    def scored(self) -> tuple[Chunk, Predictions] | None:
        """The rows that have a prediction, and these predictions; None if no row has one."""
        if self.chunk.batch is None:
            return None
        failures, count = self.answered.failures, len(self.chunk.batch)
        if not failures:
            return self.chunk, self.answered.predictions
        if len(failures) == count:
            return None
        return self.chunk.take([row for row in range(count) if row not in failures]), self.answered.predictions

    @property
    def rejects(self) -> Sequence[Reject]:
        """The rows without a prediction, in order of their lines."""
        failed = [self.chunk.reject(row, failure.reason) for row, failure in self.answered.failures.items()]
        return sorted([*self.chunk.rejects, *failed], key=lambda reject: reject.line) if failed else self.chunk.rejects
