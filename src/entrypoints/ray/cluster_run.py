"""ClusterRun: sums up a run on a cluster, on the machine that started it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from foreseen.domain.counters import Tally
from foreseen.domain.errors import ForeseenError, TooManyRejectsError
from foreseen.domain.tables.done_part import DonePart, Place, first_missing
from foreseen.domain.tables.notices import Notices
from foreseen.domain.tables.table import Chunk, Scored
from foreseen.domain.values.table_rows import TableSchema
from foreseen.entrypoints.ray.cluster_errors import ClusterError
from foreseen.entrypoints.ray.parts.parts import Outcome


class DoneParts(Protocol):
    """The record of the parts that are done."""

    @property
    def done(self) -> Mapping[Place, DonePart]:
        """The finished parts, including those of an earlier run."""

    def add(self, part: DonePart) -> None:
        """Record a finished part; raise TableError if its files are missing."""


class ClusterRun:
    """Sums up the work of a cluster; also a TableReader without rows, for the display of progress.

    Attributes:
        scored: the rows scored so far, including those of an earlier run.
        before: the rows scored by an earlier run.
        workers: the processes that have scored a part.
    """

    def __init__(
        self,
        schema: TableSchema,
        parts: DoneParts,
        tally: Tally,
        notices: Notices,
        *,
        sources: int,
        max_rejects: int | None,
    ) -> None:
        """Accept the schema of the first input, the record of parts, and the tally and notices to add to.

        Args:
            sources: the number of inputs.
            max_rejects: rows that may be rejected; None for any number.
        """
        self.schema = schema
        self.scored = self.before = _sum(part.scored for part in parts.done.values())
        self.workers: set[str] = set()
        self._decided: Mapping[str, str] = {}
        self._parts = parts
        self._max_rejects = max_rejects
        self._tally = tally
        self._notices = notices
        self._bytes_read = [0] * sources
        for part in parts.done.values():
            self._note(part)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the first input."""
        return tuple(self.schema.names)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield no rows, since the workers read them."""
        return iter(())

    @property
    def bytes_read(self) -> int:
        """Bytes read of all inputs, in the parts that are scored."""
        return sum(self._bytes_read)

    @property
    def sources_left(self) -> Sequence[int]:
        """Numbers of the inputs with an unfinished part."""
        done = self._parts.done
        return [source for source in range(len(self._bytes_read)) if first_missing(done, source) is not None]

    def __call__(self, outcomes: Iterable[Outcome | ForeseenError], progress: Callable[[Scored], None]) -> None:
        """Record the outcome of each part until all are done.

        Raises:
            TableError, PredictionError, ModelUnavailableError: as on one machine.
            TooManyRejectsError: more rows are rejected than may be.
            ClusterError: the cluster failed, or lost a part.
        """
        self._check_rejects()
        for outcome in outcomes:
            if isinstance(outcome, ForeseenError):
                raise outcome
            self._add(outcome)
            progress(self.scored)
            self._check_rejects()
        if left := self.sources_left:
            raise ClusterError(f"Ray: expected every part, got none of {first_missing(self._parts.done, left[0])}")

    @property
    def decided(self) -> Mapping[str, str]:
        """The decision about each tier of the process that reported last: each process decides for itself."""
        others = f" (one of {len(self.workers)} processes)" if len(self.workers) > 1 else ""
        return {tier: said + others for tier, said in self._decided.items()}

    def _check_rejects(self) -> None:
        if self._max_rejects is not None and self.scored.rejected > self._max_rejects:
            raise TooManyRejectsError(f"rejected more than {self._max_rejects:,} rows (max-rejects)")

    def _add(self, outcome: Outcome) -> None:
        part = outcome.done
        if part.place in self._parts.done:  # a machine was wrongly taken for dead; its files are the same
            return
        self._parts.add(part)
        self.scored = _sum([self.scored, part.scored])
        self.workers.add(outcome.worker)
        self._decided = outcome.decided
        self._note(part)
        for place, count in enumerate(outcome.counts):
            self._tally.counts[place] += count

    def _note(self, part: DonePart) -> None:
        self._notices.add(part.notices)
        source = part.place.source
        self._bytes_read[source] = max(self._bytes_read[source], part.bytes_read)


def _sum(all_scored: Iterable[Scored]) -> Scored:
    chunks = rows = rejected = 0
    for scored in all_scored:
        chunks, rows, rejected = chunks + scored.chunks, rows + scored.rows, rejected + scored.rejected
    return Scored(chunks, rows, rejected)
