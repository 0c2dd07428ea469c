"""Waiting: the boardings that wait for the model, and how many of their instances are still wanted."""

from collections import OrderedDict

from foreseen.domain.flights.coalescing import Boarding, Flight


class Waiting:
    """A queue of boardings, which one leaves as soon as nobody wants anything of it any more.

    Attributes:
        instances: how many are wanted in all.
    """

    def __init__(self) -> None:
        self.instances = 0
        self._wanted: OrderedDict[Boarding, int] = OrderedDict()

    def __len__(self) -> int:
        """How many boardings wait."""
        return len(self._wanted)

    def add(self, boarding: Boarding, wanted: int) -> None:
        """Put a boarding last, of which so many instances are wanted, one or more."""
        self._wanted[boarding] = wanted
        self.instances += wanted
        boarding.on_forgetting = self._forget_one_of

    def take(self, max_rows: int) -> list[tuple[Boarding, list[Flight]]]:
        """Take the oldest for the model, up to a number of rows, with what is wanted of each; a larger goes alone."""
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
