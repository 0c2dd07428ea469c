"""Work: a plan on its way through the driver, which needs to know little of it and so imports little."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done.

    Attributes:
        plan: the plan, packed, as every process that does it unpacks it.
        sizes: bytes of the inputs that are read, by their numbers.
        most_actors: how many actors may have something to do.
        jobs: calls of the model side by side in each actor.
    """

    plan: bytes
    sizes: dict[int, int]
    most_actors: int
    jobs: int

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
