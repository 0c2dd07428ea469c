"""The pipeline, as Ray Data has it: read tasks, one an input, give parts; actors score them.

A part is one row of one block. Ray decides where each is scored, how many wait, and what is done again where a machine
died; it sees bytes, so that what is scored is what one machine would have read, line numbers and rejects included.
"""

import logging
import warnings
from collections.abc import Generator, Iterator
from typing import Any, Final

import pyarrow as pa
import ray.data
import ray.exceptions
from ray.data.block import BlockMetadata

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.ray.errors import ClusterError
from foreseen.entrypoints.ray.parts import Outcome, packed, unpacked
from foreseen.entrypoints.ray.session import Cores, last_line
from foreseen.entrypoints.ray.worker import Plan, Scorer, read_parts

log = logging.getLogger(__name__)

_DEATHS: Final = (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError)
# A reader waits for the actors most of the time: the two share a core.
_READER_CPUS: Final = 0.25
_ACTOR_CPUS: Final = 0.75
_TRIES_AGAIN: Final = 2
"""How often a part is tried again, and an actor made anew, where its process has died."""
_PARTS_AT_ONCE: Final = 2
"""Parts that an actor has: one is scored, the next is there already."""
_COLUMN: Final = "sent"


def outcomes(plan: Plan, cores: Cores) -> Generator[Outcome | ForeseenError]:
    """Score the inputs of a plan on the cluster that is connected, and give what becomes of each part as it is done.

    Raises:
        ClusterError: the cluster failed, or a process of it died again and again.
    """
    cores_each = min(plan.jobs, cores.most)
    actors = min(max(1, int(cores.all // cores_each)), plan.tables.most_actors)
    _be_quiet()
    parts = ray.data.read_datasource(_Parts(plan), num_cpus=_READER_CPUS, override_num_blocks=len(plan.tables.sources))
    with warnings.catch_warnings():
        # How often is told by arguments that 2.64 will not take; there are no others yet, and without a limit a model
        # that ends its process would be tried for ever.
        warnings.simplefilter("ignore")
        done = _scored(parts, plan, actors=actors, cores_each=cores_each)
    try:
        for block in done.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            yield from map(unpacked, block.column(_COLUMN).to_pylist())
    except Exception as exc:
        log.debug("Ray failed", exc_info=True)
        raise ClusterError(f"Ray: {_worded(exc)}") from exc


def _worded(exc: Exception) -> str:
    """Say in a few words what Ray says in many."""
    if isinstance(exc, _DEATHS):
        tries = 1 + _TRIES_AGAIN
        return (
            f"expected a part to be scored, but the process that did so died, {tries} times: of its memory or its model"
        )
    return last_line(exc)


def _scored(parts: Any, plan: Plan, *, actors: int, cores_each: float) -> Any:
    return parts.map_batches(
        _Actor,
        fn_constructor_args=(packed(plan),),
        batch_size=None,  # a block, which is a part
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=actors, max_tasks_in_flight_per_actor=_PARTS_AT_ONCE),
        num_cpus=_ACTOR_CPUS * cores_each,
        max_restarts=_TRIES_AGAIN,
        max_task_retries=_TRIES_AGAIN,
    )


def _be_quiet() -> None:
    warnings.filterwarnings("ignore", module=r"ray\.")
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # Each part is handed on as soon as it is read, and by itself: larger blocks would be scored by one actor.
    context.target_max_block_size = 1


class _Parts(ray.data.Datasource):  # type: ignore[misc]
    """Reads inputs into parts."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = packed(plan)
        self._sources = len(plan.tables.sources)

    def estimate_inmemory_data_size(self) -> int | None:
        """Give nothing: files say little of what is made of them."""
        return None

    def get_read_tasks(self, *_: Any, **__: Any) -> list[Any]:
        """Give a task for each input."""
        nothing = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [ray.data.ReadTask(_Reading(self._plan, source), nothing) for source in range(self._sources)]


class _Reading:
    """Gives the parts of one input as blocks."""

    def __init__(self, plan: bytes, source: int) -> None:
        self._plan = plan
        self._source = source

    def __call__(self) -> Iterator[pa.Table]:
        yield from map(_block, read_parts(unpacked(self._plan), self._source))


class _Actor:
    """Scores parts, block by block."""

    def __init__(self, plan: bytes) -> None:
        self._scorer = Scorer(unpacked(plan))

    def __call__(self, block: pa.Table) -> pa.Table:
        (sent,) = block.column(_COLUMN).to_pylist()
        return _block(self._scorer(unpacked(sent)))


def _block(sent: Any) -> pa.Table:
    return pa.table({_COLUMN: pa.array([packed(sent)], pa.large_binary())})
