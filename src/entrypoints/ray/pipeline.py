"""The pipeline, as Ray Data has it: actors score parts.

Where there are many inputs, each is read by the actor that scores it. Where there are few, read tasks, one an input,
cut them into parts for all actors. A part is one row of one block. Ray decides where each is scored, how many wait, and
what is done again where a machine died; it sees bytes, so that what is scored is what one machine would have read, line
numbers and rejects included.
"""

import logging
import warnings
from collections.abc import Generator, Iterator
from typing import Any, Final

import pyarrow as pa
import ray.data
import ray.exceptions
from ray.data.block import BlockMetadata

from foreseen.entrypoints.ray.errors import ClusterError
from foreseen.entrypoints.ray.parts import packed, unpacked
from foreseen.entrypoints.ray.session import Cores, last_line
from foreseen.entrypoints.ray.work import Work

# What reads and scores is imported where that is done: the driver does neither.

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


def outcomes(work: Work, cores: Cores) -> Generator[bytes]:
    """Do the work on the cluster that is connected, and yield what becomes of each part as it is done, packed.

    Raises:
        ClusterError: the cluster failed, or a process of it died again and again.
    """
    cores_each = min(work.jobs, cores.most)
    actors = min(max(1, int(cores.all // cores_each)), work.most_actors)
    _be_quiet()
    with warnings.catch_warnings():
        # Retries are limited by arguments that 2.64 will not accept; there are no others yet, and without a limit a
        # model that ends its process would be tried for ever.
        warnings.simplefilter("ignore")
        done = _scored(work, actors=actors, cores_each=cores_each)
    try:
        for block in done.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            yield from block.column(_COLUMN).to_pylist()
    except Exception as exc:
        log.debug("Ray failed", exc_info=True)
        raise ClusterError(f"Ray: {_worded(exc)}") from exc


def _worded(exc: Exception) -> str:
    """Return in a few words what Ray has many for."""
    if isinstance(exc, _DEATHS):
        tries = 1 + _TRIES_AGAIN
        return (
            f"expected a part to be scored, but the process that did so died, {tries} times: of its memory or its model"
        )
    return last_line(exc)


def _scored(work: Work, *, actors: int, cores_each: float) -> Any:
    is_divided = work.is_divided(actors)
    sent = _parts(work) if is_divided else ray.data.from_arrow([_block(packed(each)) for each in work.largest_first])
    return sent.map_batches(
        _Actor,
        fn_constructor_args=(work.plan,),
        batch_size=None,  # a block, which is a part, or the number of an input
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(
            size=actors, max_tasks_in_flight_per_actor=_PARTS_AT_ONCE if is_divided else 1
        ),
        num_cpus=(_ACTOR_CPUS if is_divided else 1) * cores_each,
        max_restarts=_TRIES_AGAIN,
        max_task_retries=_TRIES_AGAIN,
    )


def _parts(work: Work) -> Any:
    return ray.data.read_datasource(_Parts(work), num_cpus=_READER_CPUS, override_num_blocks=len(work.sizes))


def _be_quiet() -> None:
    warnings.filterwarnings("ignore", module=r"ray\.")
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # Each part is handed on as soon as it is read, and by itself: larger blocks would be scored by one actor.
    context.target_max_block_size = 1


class _Parts(ray.data.Datasource):  # type: ignore[misc]
    """Reads inputs into parts."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def estimate_inmemory_data_size(self) -> int | None:
        """Return nothing: files say little of what is made of them."""
        return None

    def get_read_tasks(self, *_: Any, **__: Any) -> list[Any]:
        """Return a task for each input."""
        nothing = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        return [ray.data.ReadTask(_Reading(self._work.plan, source), nothing) for source in self._work.sizes]


class _Reading:
    """Yields the parts of one input as blocks."""

    def __init__(self, plan: bytes, source: int) -> None:
        self._plan = plan
        self._source = source

    def __call__(self) -> Iterator[pa.Table]:
        from foreseen.entrypoints.ray.worker import read_parts  # noqa: PLC0415 - as above

        for sent in read_parts(unpacked(self._plan), self._source):
            yield _block(packed(sent))


class _Actor:
    """Scores a part, or all parts of an input, of each block; yields what becomes of each."""

    def __init__(self, plan: bytes) -> None:
        from foreseen.entrypoints.ray.worker import Scorer  # noqa: PLC0415 - as above

        self._scorer = Scorer(unpacked(plan))

    def __call__(self, block: pa.Table) -> Iterator[pa.Table]:
        (sent,) = block.column(_COLUMN).to_pylist()
        for outcome in self._scorer.outcomes(unpacked(sent)):
            yield _block(packed(outcome))


def _block(sent: bytes) -> pa.Table:
    return pa.table({_COLUMN: pa.array([sent], pa.large_binary())})
