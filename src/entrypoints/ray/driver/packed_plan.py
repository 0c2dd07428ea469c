"""Work: a packed plan with the little that the driver has to know about it, so that it imports little."""

from dataclasses import dataclass
from typing import Final

ACTOR_BYTES: Final = 64 << 20
"""Bytes of input that justify one more actor on a machine, whose start takes three seconds of a core."""


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a run.

    Attributes:
        plan: the packed plan, which each actor unpacks.
        sizes: bytes of the inputs that are to be read, by their numbers.
        most_actors: the largest number of actors that could be busy.
        jobs: concurrent model calls in each actor, as the operator chose; None if not chosen.
        is_thread_safe: whether the model allows concurrent calls.
    """

    plan: bytes
    sizes: dict[int, int]
    most_actors: int
    jobs: int | None
    is_thread_safe: bool = False

    def actors(self, cores: float, *, on_one: float) -> tuple[int, int]:
        """Return the number of actors, and the number of concurrent model calls in each.

        Args:
            cores: cores of all machines together.
            on_one: cores of the largest machine.
        """
        jobs = self.jobs or 1
        # With one actor per core, most is read and written at a time. One actor with all cores starts soonest.
        if self.jobs is None and self.is_thread_safe and cores == on_one and all(self.sizes.values()):
            jobs = max(1, int(cores) // max(1, sum(self.sizes.values()) // ACTOR_BYTES))
        return min(max(1, int(cores // min(jobs, on_one))), self.most_actors), jobs

    def is_divided(self, actors: int) -> bool:
        """Return whether inputs are divided into parts for all actors, since the longest would take one too long.

        Otherwise each input is read and scored by one actor, and its rows are not sent between processes.
        """
        longest, share = max(self.sizes.values()), sum(self.sizes.values()) / actors
        return actors > 1 and longest > share / 2

    @property
    def largest_first(self) -> list[int]:
        """The numbers of the inputs by falling size, so that the last ones to begin are short."""
        return sorted(self.sizes, key=lambda source: (-self.sizes[source], source))
