"""The work on the machines of a cluster: reading an input into parts, and scoring a part."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from foreseen.domain.counters import SIZE, Tally
from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.tables.done_part import DonePart, Place
from foreseen.domain.tables.prefetch import one_ahead
from foreseen.domain.tables.table import Scored
from foreseen.domain.values.table_rows import TableSchema
from foreseen.entrypoints.batch.chunk_answers import DEFAULT_POLICY, FailurePolicy
from foreseen.entrypoints.batch.run_summary import decisions
from foreseen.entrypoints.batch.score_table import score
from foreseen.entrypoints.deterministic_caching import cache_what_repeats
from foreseen.entrypoints.ray.parts.cluster_tables import Tables
from foreseen.entrypoints.ray.parts.part_sink import PartFolders, part_sink
from foreseen.entrypoints.ray.parts.parts import Outcome, Part, parts_of
from foreseen.settings import Settings
from foreseen.wiring.predictors import load_for_files
from foreseen.wiring.run_tables import RunTables
from foreseen.wiring.scoring import Scoring, opened_run, wire_scoring

if TYPE_CHECKING:
    from foreseen.domain.bulk.bulk import BulkPredict


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run as it is sent to each of its processes.

    Attributes:
        schema: schema of all inputs together, in which rows are written.
        folders: where parts are written.
        info: the model as loaded on the machine that started the run.
        is_auto: whether each tier is used only while that saves time.
        policy: how to treat rows on which the model fails.
        done: parts that are scored already.
    """

    settings: Settings
    tables: Tables
    schema: TableSchema
    folders: PartFolders
    info: ModelInfo
    is_auto: bool
    policy: FailurePolicy = DEFAULT_POLICY
    done: frozenset[Place] = field(default=frozenset())


def read_parts(plan: Plan, source: int) -> Iterator[Part | ForeseenError]:
    """Yield the parts of an input that are not done, and last any error: Ray would wrap one that is raised."""
    try:
        plan.tables.enter()
        tables = RunTables(plan.info)
        with plan.tables.opened(tables, source) as reader:
            for part in parts_of(reader, source):
                found = tables.notices.taken()
                if part.place not in plan.done:
                    yield replace(part, notices=found)
    except ForeseenError as exc:
        yield exc


class Scorer:
    """Holds the model and the tiers of one process, and scores part after part with them."""

    def __init__(self, plan: Plan, *, jobs: int = 1, model_isolation: Literal["process", "thread"] = "process") -> None:
        """Load the model; a failure is returned for each part, since Ray would retry a constructor that raises.

        Args:
            jobs: concurrent calls of the model.
            model_isolation: where the model computes, unless the settings choose.
        """
        if "model_isolation" not in plan.settings.model_fields_set:
            plan = replace(plan, settings=plan.settings.model_copy(update={"model_isolation": model_isolation}))
        self._plan = plan
        self._jobs = jobs
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._failure: ForeseenError | None = None
        try:
            self._open()
        except ForeseenError as exc:
            self._failure = exc

    def _open(self) -> None:
        plan = self._plan
        plan.tables.enter()
        # The size of calls was decided where the run was started, and is the same on each machine.
        predictor = load_for_files(plan.settings, jobs=self._jobs, decided=plan.info.call_size)
        if difference := plan.info.difference(predictor.info):
            where = f"{socket.gethostname()}, unlike where the run was started"
            raise ModelUnavailableError(f"{plan.settings.model}: {difference} on {where}")
        settings = cache_what_repeats(plan.settings, predictor.info.determinism)
        self._scoring: Scoring = wire_scoring(settings, predictor, jobs=self._jobs, is_auto=plan.is_auto)
        self._predict: BulkPredict = self._runner.run(self._stack.enter_async_context(opened_run(self._scoring)))

    def outcomes(self, sent: Part | ForeseenError | int) -> Iterator[Outcome | ForeseenError]:
        """Score a part, or all parts of the input with this number, and yield the outcome of each."""
        parts = one_ahead(read_parts(self._plan, sent)) if isinstance(sent, int) else [sent]
        yield from map(self, parts)

    def __call__(self, sent: Part | ForeseenError) -> Outcome | ForeseenError:
        """Score a part into its files, and return its outcome; an error is returned as well, not raised."""
        if isinstance(sent, ForeseenError):
            return sent
        if self._failure is not None:
            return self._failure
        try:
            return self._scored(sent)
        except ForeseenError as exc:
            return exc

    def close(self) -> None:
        """Close the tiers and the event loop."""
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def _scored(self, part: Part) -> Outcome:
        plan, scoring, tally = self._plan, self._scoring, self._predict.tally
        before = _counts(tally)
        encoder = plan.tables.encoder(scoring.tables, plan.schema)
        with part_sink(encoder, plan.folders, part.place) as sink:
            scored = self._runner.run(
                score(self._predict, part, encoder, sink, progress=_unseen, at_once=scoring.at_once, policy=plan.policy)
            )
        counts = [now - then for now, then in zip(_counts(tally), before, strict=True)]
        worker = f"{socket.gethostname()}/{os.getpid()}"
        return Outcome(self._done(part, scored), worker, counts, decisions(self._predict.tiers))

    def _done(self, part: Part, scored: Scored) -> DonePart:
        folders, place = self._plan.folders, part.place
        return DonePart(
            place=place,
            scored=scored,
            bytes_read=part.bytes_read,
            is_last=part.is_last,
            size=folders.part(place).stat().st_size,
            rejects_size=folders.rejects_of(place).stat().st_size if scored.rejected else 0,
            notices=(*part.notices, *self._scoring.tables.notices.taken()),
        )


def _counts(tally: Tally) -> list[float]:
    return [tally.counts[place] for place in range(SIZE)]


def _unseen(_: Scored) -> None:
    """Show no progress: a worker has no display."""
