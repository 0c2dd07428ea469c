"""The pipeline on Ray: actors score parts, as they have room for them, and what becomes of each part comes back.

Where there are many inputs, each is read by the actor that scores it. Where there are few, read tasks, one an input,
cut them into parts for all actors. Ray decides where each of them runs, and does again what a machine was at that died;
it sees bytes, so that what is scored is what one machine would have read, line numbers and rejects included.
"""

import logging
from collections import deque
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any, Final

import ray
import ray.exceptions

from foreseen.entrypoints.ray.cluster_errors import ClusterError
from foreseen.entrypoints.ray.driver.packed_plan import Work
from foreseen.entrypoints.ray.driver.packing import packed
from foreseen.entrypoints.ray.driver.ray_session import Cores, last_line
from foreseen.entrypoints.ray.driver.remote_actors import Actor, read
from foreseen.entrypoints.ray.driver.sent_inputs import Inputs, ReadParts

log = logging.getLogger(__name__)

_DEATHS: Final = (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError)
# A reader waits for the actors most of the time: the two share a core.
_READER_CPUS: Final = 0.25
_ACTOR_CPUS: Final = 0.75
_TRIES_AGAIN: Final = 2
"""How often a part is tried again, and an actor started again, where its process has died."""
_PARTS_AT_ONCE: Final = 2
"""Parts that an actor has: one is scored, the next is there already. As many are read ahead of an input."""


def outcomes(work: Work, cores: Cores) -> Generator[bytes]:
    """Do the work on the cluster that is connected, and yield what becomes of each part as it is done, packed.

    Raises:
        ClusterError: the cluster failed, or a process of it died again and again.
    """
    actors, jobs = work.actors(cores.all, on_one=cores.most)
    try:
        yield from _Run(work, actors=actors, jobs=jobs, cores_each=min(jobs, cores.most))
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


class _Run:
    """The work, handed out to actors: to each that is there, as soon as it has room."""

    def __init__(self, work: Work, *, actors: int, jobs: int, cores_each: float) -> None:
        # Held until the end: an actor that is started again is given the same, which Ray keeps only as long as this is.
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
        self._idle: deque[Any] = deque()
        """Actors that have room, as often as they have."""
        self._scoring: dict[Any, Any] = {}
        """What each actor yields of what it was sent."""
        self._sent = _parts(work, plan, most=actors) if is_divided else Inputs(map(packed, work.largest_first))

    def __iter__(self) -> Iterator[bytes]:
        """Yield outcomes until all is done."""
        while self._hand_out():
            (first, *_), _ = ray.wait(self._waited_for(), fetch_local=False)
            if first in self._starting:
                ray.get(first)
                self._idle.appendleft(self._starting.pop(first))
                if not self._starting:  # before, it would wait at one for what another could begin at once
                    self._idle.extend(self._actors * (self._rooms - 1))
            elif first in self._scoring:
                if (outcome := next(first, None)) is None:
                    self._idle.append(self._scoring.pop(first))
                else:
                    yield ray.get(outcome)
            else:
                self._sent.hear(first)

    def _hand_out(self) -> bool:
        """Send what there is to actors that have room; return whether anything is still to come."""
        while self._idle and (sent := self._sent.take()) is not None:
            actor = self._idle.popleft()
            self._scoring[actor.outcomes.remote(sent)] = actor
        return bool(self._scoring) or not self._sent.is_over

    def _waited_for(self) -> list[Any]:
        # A part is heard of only when there is room for it, by which its reader waits.
        return [*self._scoring, *(self._sent.reading if self._idle else ()), *self._starting]


def _parts(work: Work, plan: Any, *, most: int) -> ReadParts:
    reading = ray.remote(read).options(
        num_cpus=_READER_CPUS,
        num_returns="streaming",
        max_retries=_TRIES_AGAIN,
        scheduling_strategy="SPREAD",
        _generator_backpressure_num_objects=_PARTS_AT_ONCE,
    )
    return ReadParts((partial(reading.remote, plan, source) for source in work.largest_first), most=most)
