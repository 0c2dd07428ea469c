"""The pipeline on Ray: actors score parts as they have room for them, and return the outcome of each.

Of many inputs, each is read by the actor that scores it. Few inputs are cut into parts for all actors by read tasks,
one per input. Ray decides where actors and tasks run, and repeats what a machine was doing when it died. Ray only
handles bytes, so rows, line numbers and rejects are the same as on one machine.
"""

import logging
from collections import deque
from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import ray
import ray.exceptions

from foreseen.entrypoints.ray.cluster_errors import ClusterError
from foreseen.entrypoints.ray.driver.packed_plan import Work
from foreseen.entrypoints.ray.driver.packing import packed
from foreseen.entrypoints.ray.driver.ray_session import Cores, last_line
from foreseen.entrypoints.ray.driver.remote_actors import Actor, read
from foreseen.entrypoints.ray.driver.sent_inputs import Inputs, ReadParts

if TYPE_CHECKING:
    from ray import ObjectRefGenerator
    from ray.actor import ActorHandle

log = logging.getLogger(__name__)

_DEATHS: Final = (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError)
# A reader and an actor share a core, since a reader mostly waits for actors.
_READER_CPUS: Final = 0.25
_ACTOR_CPUS: Final = 0.75
_TRIES_AGAIN: Final = 2
"""How often a part is retried, and an actor restarted, after its process died."""
_PARTS_AT_ONCE: Final = 2
"""Parts that an actor holds: one to score and one that waits. As many are read ahead from an input."""


def outcomes(work: Work, cores: Cores) -> Generator[bytes]:
    """Do the work on the connected cluster, and yield the packed outcome of each part when it is done.

    Raises:
        ClusterError: the cluster failed, or a process died repeatedly at the same part.
    """
    actors, jobs = work.actors(cores.all, on_one=cores.most)
    try:
        yield from _Run(work, actors=actors, jobs=jobs, cores_each=min(jobs, cores.most))
    except Exception as exc:
        log.debug("Ray failed", exc_info=True)
        raise ClusterError(f"Ray: {_worded(exc)}") from exc


def _worded(exc: Exception) -> str:
    """Return the cause of an error of Ray in one line."""
    if isinstance(exc, _DEATHS):
        tries = 1 + _TRIES_AGAIN
        return f"expected a part to be scored, got {tries} processes that died, out of memory or because of the model"
    return last_line(exc)


class _Run:
    """Hands work out to actors, each as soon as it has started and has room."""

    def __init__(self, work: Work, *, actors: int, jobs: int, cores_each: float) -> None:
        # Kept until the end: a restarted actor gets the plan again, and Ray stores it only while there is a reference.
        self._plan = plan = ray.put(work.plan)
        is_divided = work.is_divided(actors)
        actor = ray.remote(Actor).options(
            num_cpus=(_ACTOR_CPUS if is_divided else 1) * cores_each,
            max_restarts=_TRIES_AGAIN,
            max_task_retries=_TRIES_AGAIN,
            scheduling_strategy="SPREAD",
        )
        self._actors = [actor.remote(plan, jobs) for _ in range(actors)]
        self._starting = {each.begin.remote(): each for each in self._actors}
        self._rooms = _PARTS_AT_ONCE if is_divided else 1
        self._idle: deque[ActorHandle] = deque()
        """Actors that have room for parts, each as many times as it has room for one."""
        self._scoring: dict[ObjectRefGenerator, ActorHandle] = {}
        """The outcomes that an actor yields for what it was sent, and that actor."""
        self._sent = _parts(work, plan, most=actors) if is_divided else Inputs(map(packed, work.largest_first))

    def __iter__(self) -> Iterator[bytes]:
        """Yield outcomes until all is done."""
        while self._hand_out():
            (first, *_), _ = ray.wait(self._waited_for(), fetch_local=False)
            if first in self._starting:
                ray.get(first)
                self._idle.appendleft(self._starting.pop(first))
                if not self._starting:  # while actors start, a second part is better left to one that has none yet
                    self._idle.extend(self._actors * (self._rooms - 1))
            elif first in self._scoring:
                if (outcome := next(first, None)) is None:
                    self._idle.append(self._scoring.pop(first))
                else:
                    yield ray.get(outcome)
            else:
                self._sent.receive(first)

    def _hand_out(self) -> bool:
        """Send work to actors that have room; return whether outcomes are still to come."""
        while self._idle and (sent := self._sent.take()) is not None:
            actor = self._idle.popleft()
            self._scoring[actor.outcomes.remote(sent)] = actor
        return bool(self._scoring) or not self._sent.is_over

    def _waited_for(self) -> list[object]:
        # Parts are taken from readers only when an actor has room, so that readers wait if none has.
        return [*self._scoring, *(self._sent.reading if self._idle else ()), *self._starting]


def _parts(work: Work, plan: object, *, most: int) -> ReadParts:
    reading = ray.remote(read).options(
        num_cpus=_READER_CPUS,
        num_returns="streaming",
        max_retries=_TRIES_AGAIN,
        scheduling_strategy="SPREAD",
        _generator_backpressure_num_objects=_PARTS_AT_ONCE,
    )
    return ReadParts((partial(reading.remote, plan, source) for source in work.largest_first), most=most)
