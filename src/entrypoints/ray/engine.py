"""The run on a cluster, as the machine that it was started on sees it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

from foreseen.domain.errors import ForeseenError, TooManyRejectsError
from foreseen.domain.table import Chunk, Scored
from foreseen.domain.tally import Tally
from foreseen.entrypoints.ray.parts import Outcome, Place
from foreseen.entrypoints.ray.session import Cores
from foreseen.entrypoints.ray.worker import Plan


class ClusterRun:
    """Adds up what the machines of a cluster do; of their tables it tells what a TableReader tells, but no rows.

    Attributes:
        scored: what is done so far.
        places: which parts are done.
        workers: which processes scored any.
    """

    def __init__(self, plan: Plan, tally: Tally, *, max_rejects: int | None) -> None:
        """Take where to count what they count, and how many rows may be rejected."""
        self.scored = Scored()
        self.places: list[Place] = []
        self.workers: set[str] = set()
        self._decided: Mapping[str, str] = {}
        self._plan = plan
        self._max_rejects = max_rejects
        self._tally = tally
        self._bytes_read = [0] * len(plan.tables.sources)

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the first input."""
        return tuple(self._plan.schema.names)

    @property
    def schema(self) -> Any:
        """The same with their types."""
        return self._plan.schema

    def __iter__(self) -> Iterator[Chunk]:
        """Go through no rows, which are read elsewhere."""
        return iter(())

    @property
    def bytes_read(self) -> int:
        """How far reading has come in all inputs together, of what is scored."""
        return sum(self._bytes_read)

    def __call__(self, cores: Cores, progress: Callable[[Scored], None]) -> None:
        """Score all inputs.

        Raises:
            TableError, PredictionError, ModelUnavailableError: as on one machine.
            TooManyRejectsError: more rows are rejected than may be.
            ClusterError: the cluster failed.
        """
        from foreseen.entrypoints.ray.pipeline import outcomes  # noqa: PLC0415 - Ray is an extra

        with closing(outcomes(self._plan, cores)) as found:
            for outcome in found:
                if isinstance(outcome, ForeseenError):
                    raise outcome
                self._add(outcome)
                progress(self.scored)
                self._check_rejects()

    @property
    def decided(self) -> Mapping[str, str]:
        """What was decided of each tier, by the process that was heard of last: each decides for itself."""
        others = f" (one of {len(self.workers)} processes)" if len(self.workers) > 1 else ""
        return {tier: said + others for tier, said in self._decided.items()}

    def _check_rejects(self) -> None:
        if self._max_rejects is not None and self.scored.rejected > self._max_rejects:
            raise TooManyRejectsError(f"rejected more than {self._max_rejects:,} rows (max-rejects)")

    def _add(self, outcome: Outcome) -> None:
        one, all_ = outcome.scored, self.scored
        self.scored = Scored(all_.chunks + one.chunks, all_.rows + one.rows, all_.rejected + one.rejected)
        self.places.append(outcome.place)
        self.workers.add(outcome.worker)
        self._decided = outcome.decided
        source = outcome.place.source
        self._bytes_read[source] = max(self._bytes_read[source], outcome.bytes_read)
        for place, count in enumerate(outcome.counts):
            self._tally.counts[place] += count
