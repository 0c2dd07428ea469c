"""The work that actors are sent: the numbers of inputs, or parts of inputs that tasks have read."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final


class Inputs:
    """Inputs that the actors read themselves.

    Attributes:
        reading: empty, since there are no read tasks.
    """

    reading: Final[Sequence[object]] = ()

    def __init__(self, inputs: Iterable[bytes]) -> None:
        self._left = deque(inputs)

    @property
    def is_over(self) -> bool:
        """Whether all inputs are taken."""
        return not self._left

    def take(self) -> bytes | None:
        """Return the next input; None if there is none."""
        return self._left.popleft() if self._left else None

    def receive(self, _: object) -> None:
        """Do nothing: there are no read tasks."""


class ReadParts:
    """Parts that tasks read, some tasks at a time.

    Attributes:
        reading: the tasks under way, which yield references to parts that are ready.
    """

    def __init__(self, tasks: Iterable[Callable[[], Iterator[object]]], *, most: int) -> None:
        """Start the first tasks.

        Args:
            most: maximum number of tasks under way.
        """
        self._to_start = iter(tasks)
        self.reading: list[Iterator[object]] = [start() for start in islice(self._to_start, most)]
        self._read: deque[object] = deque()

    @property
    def is_over(self) -> bool:
        """Whether all parts are read and taken."""
        return not self.reading and not self._read

    def take(self) -> object | None:
        """Return a part that was received; None if there is none."""
        return self._read.popleft() if self._read else None

    def receive(self, task: Iterator[object]) -> None:
        """Accept the next part of a task; at its end, start another task."""
        part = next(task, None)
        if part is not None:
            self._read.append(part)
            return
        self.reading.remove(task)
        self.reading += [start() for start in islice(self._to_start, 1)]
