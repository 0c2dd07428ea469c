"""Work: a plan on its way through the driver, which needs to know little of it and so imports little."""

from dataclasses import dataclass
from typing import Final

ACTOR_BYTES: Final = 64 << 20
"""Bytes of inputs for which one more actor on a machine is worth its start, which takes three seconds of a core."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done.

    Attributes:
        plan: the plan, packed, as every process that does it unpacks it.
        sizes: bytes of the inputs that are read, by their numbers.
        most_actors: how many actors may have something to do.
        jobs: calls of the model side by side in each actor, as the operator said; None if that is open.
        is_thread_safe: whether the model may be called side by side at all.
    """

    plan: bytes
    sizes: dict[int, int]
    most_actors: int
    jobs: int | None
    is_thread_safe: bool = False

    def actors(self, cores: float, *, on_one: float) -> tuple[int, int]:
        """Return how many actors score, and with how many calls of the model side by side each.

        Args:
            cores: of all machines together.
            on_one: of the largest of them.
        """
        jobs = self.jobs or 1
        # An actor a core reads and writes most. One that calls the model from all cores of its machine starts soonest.
        if self.jobs is None and self.is_thread_safe and cores == on_one and all(self.sizes.values()):
            jobs = max(1, int(cores) // max(1, sum(self.sizes.values()) // ACTOR_BYTES))
        return min(max(1, int(cores // min(jobs, on_one))), self.most_actors), jobs

    def is_divided(self, actors: int) -> bool:
        """Return whether inputs are divided among actors, part by part, since one of them alone would take too long.

        Otherwise each is read and scored by one actor, and its rows are not sent from process to process.
        """
        longest, share = max(self.sizes.values()), sum(self.sizes.values()) / actors
        return actors > 1 and longest > share / 2

    @property
    def largest_first(self) -> list[int]:
        """The numbers of the inputs, so that the last ones to be begun are short."""
        return sorted(self.sizes, key=lambda source: (-self.sizes[source], source))
