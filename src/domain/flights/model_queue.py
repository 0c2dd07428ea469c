"""The queue in front of the model: boardings, and how many of their instances are still wanted."""

from collections import OrderedDict

from foreseen.domain.flights.flight import Boarding, Flight


class ModelQueue:
    """A queue that a boarding leaves as soon as none of its flights is wanted.

    Attributes:
        instances: how many are wanted in all; 0 if and only if the queue is empty.
        arrived: how many boardings were ever added.
    """

    def __init__(self) -> None:
        self.instances = 0
        self.arrived = 0
        self._wanted: OrderedDict[Boarding, int] = OrderedDict()

    def add(self, boarding: Boarding, wanted: int) -> None:
        """Append a boarding of which one or more instances are wanted."""
        self._wanted[boarding] = wanted
        self.instances += wanted
        self.arrived += 1
        boarding.on_forgetting = self._forget_one_of

    def take(self, max_rows: int) -> list[tuple[Boarding, list[Flight]]]:
        """Remove the oldest boardings, up to a number of rows; one that is larger by itself goes alone.

        Returns:
            Each with its flights that are still wanted; nothing from an empty queue.
        """
        taken: list[tuple[Boarding, list[Flight]]] = []
        rows = 0
        while self._wanted:
            boarding, wanted = next(iter(self._wanted.items()))
            if taken and rows + wanted > max_rows:
                break
            self._remove(boarding)
            boarding.is_begun = True
            taken.append((boarding, boarding.wanted()))
            rows += wanted
        self.instances -= rows
        return taken

    def _forget_one_of(self, boarding: Boarding) -> None:
        self.instances -= 1
        self._wanted[boarding] -= 1
        if self._wanted[boarding] == 0:
            self._remove(boarding)

    def _remove(self, boarding: Boarding) -> None:
        del self._wanted[boarding]
        boarding.on_forgetting = None
